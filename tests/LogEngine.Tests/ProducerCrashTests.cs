using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>
/// Every crash point of what producers and their transactions do to the disk: what the log knows of them after the restart is what
/// the batches say that it still holds.
/// </summary>
public sealed class ProducerCrashTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AppendOverSegments_AnyCrash_ProducersAreThoseOfTheLog(bool namesKeepOrder) => TryAll(namesKeepOrder, (_, log) =>
    {
        Fill(log, 7, 10);
        log.Roll();
        log.Flush();
        Fill(log, 8, 8);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CheckpointAndRoll_AnyCrash_ProducersAreThoseOfTheLog(bool namesKeepOrder) => TryAll(namesKeepOrder, (world, log) =>
    {
        world.Directory.Checkpoint();
        Fill(log, 7, 4);
        log.Roll();
        log.Flush();
        world.Directory.Checkpoint();
        Fill(log, 9, 4);
    });

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 3)]
    [InlineData(true, 12)]
    [InlineData(false, 12)]
    [InlineData(true, 20)]
    [InlineData(false, 20)]
    public void TruncateAndAppendOthers_AnyCrash_ProducersAreThoseOfTheLog(bool namesKeepOrder, int batch) => TryAll(namesKeepOrder, (world, log) =>
    {
        world.Directory.Checkpoint();
        log.TruncateTo(log.Before.Batches[batch].First);
        log.Epoch++;
        Fill(log, 10, 6);
        log.Roll();
        Fill(log, 11, 3);
        log.TruncateTo(log.Before.Batches[^2].First);
        log.Epoch++;
        Fill(log, 12, 2);
    });

    [Theory]
    [InlineData(true)]
    public void DeleteRecords_AnyCrash_ProducersAreThoseOfTheLog(bool namesKeepOrder) => TryAll(namesKeepOrder, (world, log) =>
    {
        log.DeleteRecords(log.Before.Batches[9].First);
        world.Directory.RunDeletions();
        Fill(log, 13, 3);
        log.DeleteRecords(log.Before.Batches[20].First);
        world.Directory.RunDeletions();
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RunRetention_AnyCrash_ProducersAreThoseOfTheLog(bool namesKeepOrder) => TryAll(namesKeepOrder, (world, log) =>
    {
        log.Log.AdvanceCommittedEnd(log.Before.End);
        log.Log.UpdateConfig(world.Config with { RetentionBytes = log.Log.Segments.Active.Size });
        log.Do(log.Before with { Start = log.Log.Segments.Active.BaseOffset }, () => world.Directory.RunRetention(0));
        world.Directory.RunDeletions();
        Fill(log, 14, 4);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CloseAndOpen_AnyCrash_ProducersAreThoseOfTheLog(bool namesKeepOrder) => TryAll(namesKeepOrder, (world, log) =>
    {
        Fill(log, 15, 3);
        world.CloseClean();
        world.Reopen();
        Fill(log, 16, 3);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void StartOver_AnyCrash_ProducersAreThoseOfTheLog(bool namesKeepOrder) => TryAll(namesKeepOrder, (world, log) =>
    {
        world.Directory.Checkpoint();
        log.StartOver(12);
        Fill(log, 17, 4);
    });

    private static void Fill(TrackedLog log, int seed, int count)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            long id = random.Next(5);
            bool ends = random.Next(2) == 0;
            bool commit = random.Next(2) == 0;
            int records = random.Next(1, 3);
            // What is below the log start may be remembered or not: only the log knows how its producers go on.
            ActiveProducer known = log.Log.ActiveProducers().FirstOrDefault(
                producer => producer.ProducerId == id, new ActiveProducer(id, 0, -1, -1, -1, -1, -1));
            if (ends && known.TransactionStart >= 0) log.Append(Batches.Marker(id, known.Epoch, commit), AppendOrigin.Coordinator);
            else log.Append(Batches.Of(id, known.Epoch, known.LastSequence + 1, records, transactional: id >= 2), AppendOrigin.Client);
        }
    }

    private static void TryAll(bool namesKeepOrder, Action<DirectoryWorld, TrackedLog> run) => CrashPoints.TryAll(
        disk =>
        {
            disk.NamesKeepOrder = namesKeepOrder;
            var world = new DirectoryWorld(disk);
            TrackedLog log = world.Create();
            Fill(log, 3, 24);
            log.Flush();
            return world;
        },
        world => run(world, world.Logs[0]),
        (world, point) =>
        {
            world.Reopen();
            world.Settle(point.PowerLoss);
            TrackedLog log = world.Logs[0];
            ProducerOracle.Check(log.Log);
            Fill(log, 18, 2);
            world.CloseClean();
            world.Reopen();
            ProducerOracle.Check(log.Log);
            log.Flush();
            world.Directory.Dispose();
            world.Disk.Kill();
            world.Reopen();
            ProducerOracle.Check(log.Log);
        });
}
