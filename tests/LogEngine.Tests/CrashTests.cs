using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>Every crash point of what a log does to the disk: what is left is what the model allows, and work goes on.</summary>
public sealed class CrashTests
{
    private static readonly Guid TopicId = new("01234567-89ab-cdef-0123-456789abcdef");

    private delegate void Scenario(DirectoryWorld world, TrackedLog log);

    [Fact]
    public void Append_AnyCrash_KeepsAPrefix() => TryAll(log => log.Append(), (_, log) =>
    {
        log.Append();
        log.AppendAsFollower(0, 0, 0);
        log.Append(records: 5);
    });

    [Fact]
    public void AppendOverSeveralSegments_AnyCrash_KeepsAPrefix() => TryAll(log => log.Append(), (_, log) =>
    {
        for (int i = 0; i < 8; i++) log.Append();
        log.Epoch = 3;
        for (int i = 0; i < 8; i++) log.Append();
    });

    [Fact]
    public void Roll_AnyCrash_KeepsAPrefix() => TryAll(Fill, (_, log) =>
    {
        log.Roll();
        log.Roll();
        log.Append();
        log.Roll();
    });

    [Fact]
    public void Flush_AnyCrash_KeepsWhatWasFlushed() => TryAll(Fill, (_, log) =>
    {
        log.Flush();
        log.Append();
        log.Flush();
        log.Roll();
        log.Flush();
    });

    [Fact]
    public void Checkpoint_AnyCrash_KeepsWhatWasFlushed() => TryAll(Fill, (world, log) =>
    {
        log.Flush();
        world.Directory.Checkpoint();
        for (int i = 0; i < 6; i++) log.Append();
        log.Flush();
        world.Directory.Checkpoint();
    });

    [Fact]
    public void CloseClean_AnyCrash_KeepsWhatWasFlushed() => TryAll(Fill, (world, log) =>
    {
        log.Flush();
        log.Append();
        world.CloseClean();
    });

    [Fact]
    public void OpenAfterCleanStop_AnyCrash_LosesNothing() => TryAll(
        log => Fill(log),
        (world, _) =>
        {
            world.Reopen();
        },
        world =>
        {
            foreach (TrackedLog log in world.Logs) log.Flush();
            world.CloseClean();
        });

    [Fact]
    public void Recovery_AnyCrash_IsRepeated() => TryAll(
        log =>
        {
            Fill(log);
            log.Flush();
            log.Epoch = 4;
            for (int i = 0; i < 8; i++) log.Append();
        },
        (world, _) => world.Reopen(),
        world =>
        {
            world.Directory.Dispose();
            // A torn tail and an index of another segment: recovery has something to do.
            string active = world.Logs[0].Log.Segments.Active.File.Path;
            byte[] torn = world.Disk.ReadAll(active);
            world.Disk.Kill();
            using (Storage.ILogFile file = world.Disk.Open(active)) file.Write([1, 2, 3, 4, 5], torn.Length);
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DeleteRecords_AnyCrash_KeepsTheRest(bool namesKeepOrder) => TryAll(Fill, (world, log) =>
    {
        world.Disk.NamesKeepOrder = namesKeepOrder;
        log.Flush();
        log.DeleteRecords(3);
        log.DeleteRecords(log.Before.End - 1);
        world.Directory.RunDeletions();
        log.Append();
        log.DeleteRecords(log.Before.End);
        world.Directory.RunDeletions();
    });

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(20)]
    [InlineData(38)]
    public void Truncate_AnyCrash_KeepsWhatIsBelow(int offset) => TryAll(
        log =>
        {
            Fill(log);
            log.Flush();
            log.Epoch = 2;
            Fill(log);
        },
        (_, log) =>
        {
            log.TruncateTo(offset);
            log.Epoch = 5;
            for (int i = 0; i < 6; i++) log.Append(3);
            log.Flush();
        });

    [Fact]
    public void TruncateFlushedAndAppendOthers_AnyCrash_OldRecordsDoNotComeBack() => TryAll(
        log =>
        {
            Fill(log);
            log.Flush();
        },
        (world, log) =>
        {
            world.Directory.Checkpoint();
            log.TruncateTo(10);
            log.Epoch = 1;
            for (int i = 0; i < 10; i++) log.Append(4, 20);
            log.TruncateTo(14);
            log.Epoch = 2;
            log.Append(1);
        });

    [Theory]
    [InlineData(100)]
    [InlineData(7)]
    [InlineData(0)]
    public void StartOver_AnyCrash_OldOrNew(int offset) => TryAll(
        log =>
        {
            Fill(log);
            log.Flush();
        },
        (world, log) =>
        {
            world.Directory.Checkpoint();
            log.StartOver(offset);
            log.Append();
            log.Flush();
        });

    [Fact]
    public void CreatePartition_AnyCrash_IsThereOrNot() => TryAll(Fill, (world, log) =>
    {
        TrackedLog other = world.Create(1, TopicId);
        other.Append();
        other.Flush();
        log.Append();
    });

    [Fact]
    public void DeletePartition_AnyCrash_IsThereOrNot() => TryAll(Fill, (world, _) =>
    {
        TrackedLog other = world.Create(1, TopicId);
        Fill(other);
        world.Forget(other);
        world.Directory.Delete(other.Partition);
        world.Directory.RunDeletions();
        other = world.Create(1);
        other.Append();
    });

    [Fact]
    public void DeleteCheckpointedPartitionAndCreateIt_AnyCrash_NothingOfTheOldOneIsApplied() => TryAll(Fill, (world, _) =>
    {
        TrackedLog other = world.Create(1, TopicId);
        Fill(other);
        Fill(other);
        other.Flush();
        other.DeleteRecords(30);
        world.Directory.Checkpoint();
        world.Forget(other);
        world.Directory.Delete(other.Partition);
        other = world.Create(1);
        other.Append();
        other.Flush();
        other.Append();
    });

    [Theory]
    [InlineData(7)]
    [InlineData(0)]
    public void StartOverBelowTheCheckpointedStart_AnyCrash_OldOrNew(int offset) => TryAll(
        log =>
        {
            Fill(log);
            log.Flush();
            log.DeleteRecords(15);
        },
        (world, log) =>
        {
            world.Directory.Checkpoint();
            log.StartOver(offset);
            log.Append();
            log.Flush();
            log.Append();
        });

    [Fact]
    public void TruncateToBelowTheCheckpointedStart_AnyCrash_OldOrNew() => TryAll(
        log =>
        {
            Fill(log);
            log.Flush();
            log.DeleteRecords(15);
        },
        (world, log) =>
        {
            world.Directory.Checkpoint();
            log.TruncateTo(4);
            log.Append();
            log.Flush();
            log.Append();
        });

    [Fact]
    public void AssignTopicId_AnyCrash_OldOrNew() => TryAll(Fill, (_, log) => log.Log.AssignTopicId(TopicId));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 2)]
    [InlineData(8, 3)]
    [InlineData(20, 4)]
    [InlineData(20, 5)]
    [InlineData(38, 6)]
    [InlineData(60, 7)]
    public void Truncate_KilledAnywhereAndPowerLostBeforeAFlush_CutRecordsDoNotComeBack(int offset, int seed) => TryAll(
        log =>
        {
            Fill(log);
            log.Flush();
            log.Epoch = 2;
            Fill(log);
        },
        (_, log) =>
        {
            if (offset > log.Before.End) log.StartOver(offset);
            else log.TruncateTo(offset);
        },
        check: (world, point) =>
        {
            if (point.PowerLoss) return;
            world.Reopen();
            world.Settle(powerLoss: false);
            TrackedLog log = world.Logs[0];
            log.Epoch = 5;
            // As large as those that were cut.
            for (int i = 0; i < point.Operation % 3; i++) log.Append(records: 2);
            world.Disk.LosePower(seed == 1 ? null : new Random((seed * 1000) + point.Operation));
            world.Recover(powerLoss: true);
        });

    private static void Fill(TrackedLog log)
    {
        for (int i = 0; i < 10; i++) log.Append(records: 2, timestamp: 1000 + (i * 7 % 5));
    }

    private static void TryAll(Action<TrackedLog> fill, Scenario run, Action<DirectoryWorld>? before = null, Action<DirectoryWorld, CrashPoint>? check = null) =>
        CrashPoints.TryAll(
            disk =>
            {
                var world = new DirectoryWorld(disk);
                fill(world.Create());
                before?.Invoke(world);
                return world;
            },
            world => run(world, world.Logs[0]),
            check ?? ((world, point) => world.Recover(point.PowerLoss)));
}
