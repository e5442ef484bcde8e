using KBroker.LogEngine.Producers;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>
/// A log with the model beside it: while an operation is under way there are two models, and a crash may leave either, or of the
/// longer one a part that reaches at least to <see cref="Floor"/>.
/// </summary>
internal sealed class TrackedLog(DirectoryWorld world, TopicPartition partition)
{
    private long _inFlightFloor = long.MaxValue;
    private long _epochsFrom;

    public TopicPartition Partition => partition;

    public PartitionLog Log => world.Directory.Find(partition)!;

    public LogModel Before { get; private set; } = LogModel.Empty;

    public LogModel After { get; private set; } = LogModel.Empty;

    public int Epoch { get; set; }

    /// <summary>Whether its creation is over.</summary>
    public bool IsCreated { get; set; }

    public void Append(int records = 2, int valueSize = 30, long timestamp = 1000)
    {
        byte[] batch = Batches.Make(records, valueSize, timestamp, (byte)Before.End);
        byte[] expected = [.. batch];
        RecordBatchStamp.SetOffsetAndEpoch(expected, Before.End, Epoch);
        var appended = new ModelBatch(Before.End, Before.End + records - 1, timestamp, Epoch, expected);
        Do(Before.With([appended]), () => Assert.Equal(appended.First, Log.AppendAsLeader(batch, new LeaderEpoch(Epoch)).FirstOffset));
    }

    /// <summary>Appends a batch of a producer, or a marker.</summary>
    public void Append(byte[] batch, AppendOrigin origin)
    {
        byte[] expected = [.. batch];
        RecordBatchStamp.SetOffsetAndEpoch(expected, Before.End, Epoch);
        var header = new RecordBatchHeader(expected);
        var appended = new ModelBatch(Before.End, header.NextOffset - 1, header.MaxTimestamp, Epoch, expected);
        Do(Before.With([appended]), () =>
        {
            LogAppendResult result = Log.AppendAsLeader(batch, new LeaderEpoch(Epoch), origin);
            Assert.Equal((AppendStatus.Appended, appended.First), (result.Status, result.FirstOffset));
        });
    }

    public void AppendAsFollower(params int[] epochs)
    {
        LogModel after = Before;
        byte[] all = [];
        foreach (int epoch in epochs)
        {
            byte[] batch = Batches.Make(2, 25, 2000 + after.End, (byte)after.End);
            RecordBatchStamp.SetOffsetAndEpoch(batch, after.End, epoch);
            after = after.With([new ModelBatch(after.End, after.End + 1, 2000 + after.End, epoch, batch)]);
            all = [.. all, .. batch];
        }

        Do(after, () => Assert.Equal(after.End - 1, Log.AppendAsFollower(all).LastOffset));
    }

    public void Flush()
    {
        LogModel after = Before with { DurableEnd = Before.End };
        Do(after, Log.Flush);
    }

    public void Roll() => Do(Before, Log.Roll);

    public void TruncateTo(long offset) => Do(Before.CutAt(offset), () => Log.TruncateTo(offset), offset < Before.Start ? 0 : offset);

    public void StartOver(long offset) => Do(LogModel.StartedOverAt(offset), () => Log.TruncateFullyAndStartAt(offset), 0);

    public void DeleteRecords(long offset) => Do(Before with { Start = offset }, () =>
    {
        Log.AdvanceLogStartOffset(offset);
        world.Directory.SettleLogStarts([partition]);
    });

    /// <summary>An operation that leaves <paramref name="after"/>; stopped within, what is left reaches at least to the floor.</summary>
    public void Do(LogModel after, Action operation, long floor = long.MaxValue)
    {
        (After, _inFlightFloor) = (after, floor);
        operation();
        (Before, _inFlightFloor) = (after, long.MaxValue);
    }

    /// <summary>The lowest log end that a crash may leave.</summary>
    public long Floor(bool powerLoss) => Math.Min(_inFlightFloor, powerLoss ? Math.Min(Before.DurableEnd, After.DurableEnd) : Math.Min(Before.End, After.End));

    /// <summary>After the crash: what the log holds is what the models allow. From here on that is the model.</summary>
    public void Settle(bool powerLoss)
    {
        PartitionLog log = Log;
        List<ModelBatch> found = LogContents.Read(log);
        Assert.InRange(log.LogEndOffset, Floor(powerLoss), Math.Max(Before.End, After.End));
        Assert.InRange(log.LogStartOffset, 0, Math.Max(Math.Max(Before.Start, After.Start), log.LogEndOffset));
        LogModel model = Matches(Before, log, found) ? Before : After;
        Assert.True(Matches(model, log, found), $"the log [{log.LogStartOffset}, {log.LogEndOffset}) holds {Describe(found)}; allowed is a part of "
            + $"[{Before.Start}, {Before.End}) {Describe(Before.Batches)} or [{After.Start}, {After.End}) {Describe(After.Batches)}");
        // The epochs of deleted records are forgotten, also when the records come back.
        _epochsFrom = Math.Max(Before.Start, After.Start);
        CheckEpochs(log, found);
        After = Before = new LogModel
        {
            Batches = found,
            Start = log.LogStartOffset,
            End = log.LogEndOffset,
            DurableEnd = log.RecoveryPoint,
        };
        _inFlightFloor = long.MaxValue;
        Epoch = Math.Max(Epoch, log.LatestEpoch.Value);
    }

    /// <summary>Without a crash: the log is what the model says.</summary>
    public void Verify()
    {
        PartitionLog log = Log;
        Assert.Equal((Before.Start, Before.End), (log.LogStartOffset, log.LogEndOffset));
        List<ModelBatch> found = LogContents.Read(log);
        Assert.True(Matches(Before, log, found), $"found {Describe(found)}, expected {Describe(Before.Batches)}");
        CheckEpochs(log, found);
    }

    private static bool Matches(LogModel model, PartitionLog log, List<ModelBatch> found)
    {
        // Also where the batch that holds the start was lost: the log starts over there.
        if (log.LogStartOffset == log.LogEndOffset) return found.Count == 0;
        List<ModelBatch> expected = [.. model.Between(log.LogStartOffset, log.LogEndOffset)];
        if (expected.Count != found.Count || (expected.Count > 0 && expected[^1].Last >= log.LogEndOffset)) return false;
        return expected.Zip(found).All(pair => pair.First.First == pair.Second.First && pair.First.Bytes.AsSpan().SequenceEqual(pair.Second.Bytes));
    }

    private void CheckEpochs(PartitionLog log, List<ModelBatch> found)
    {
        for (int i = 0; i < found.Count; i++)
        {
            ModelBatch batch = found[i];
            if (batch.First < _epochsFrom) continue;
            Assert.Equal(batch.Epoch, log.EpochAt(Math.Max(batch.First, log.LogStartOffset)).Value);
            long next = found.Find(other => other.Epoch > batch.Epoch)?.First ?? log.LogEndOffset;
            Assert.Equal(next, log.EndOffsetFor(new LeaderEpoch(batch.Epoch)).EndOffset);
        }
    }

    private static string Describe(IEnumerable<ModelBatch> batches) =>
        string.Join(' ', batches.Select(batch => $"{batch.First}-{batch.Last}@{batch.Epoch}"));
}
