using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Tests.Compaction;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>
/// A log with the model beside it: while an operation is under way there are two models, and a crash may leave either, or of the
/// longer one a part that reaches at least to <see cref="Floor"/>.
/// </summary>
internal sealed class TrackedLog(DirectoryWorld world, TopicPartition partition)
{
    private long _inFlightFloor = long.MaxValue;
    private long _epochsFrom;
    private long _remembersFrom;

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

    public void AppendAsFollower(params int[] epochs) => AppendAsFollower(
        [.. epochs.Select((epoch, i) => (epoch, Batches.Make(2, 25, 2000 + Before.End + (2 * i), (byte)(Before.End + (2 * i)))))]);

    /// <summary>Appends batches of a leader of these epochs.</summary>
    public void AppendAsFollower(IReadOnlyList<(int Epoch, byte[] Bytes)> batches)
    {
        LogModel after = Before;
        byte[] all = [];
        foreach ((int epoch, byte[] batch) in batches)
        {
            RecordBatchStamp.SetOffsetAndEpoch(batch, after.End, epoch);
            var header = new RecordBatchHeader(batch);
            after = after.With([new ModelBatch(after.End, header.NextOffset - 1, header.MaxTimestamp, epoch, batch)]);
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

    public void TruncateTo(long offset)
    {
        Do(Before.CutAt(offset), () => Log.TruncateTo(offset), offset < Before.Start ? 0 : offset);
        _remembersFrom = LastSegmentWithBatches();
    }

    public void StartOver(long offset) => Do(LogModel.StartedOverAt(offset), () => Log.TruncateFullyAndStartAt(offset), 0);

    public void DeleteRecords(long offset) => Do(Before with { Start = offset, Committed = Math.Max(Before.Committed, offset) }, () =>
    {
        Log.AdvanceLogStartOffset(offset);
        world.Directory.SettleLogStarts([partition]);
    });

    /// <summary>The owner says that what is below the offset stays.</summary>
    public void Commit(long offset) => Do(Before with { Committed = Math.Max(offset, Before.Committed) }, () => Log.AdvanceCommittedEnd(offset));

    /// <summary>Retention by other settings than the log's own, which return with it.</summary>
    public void Retain(LogConfig config, long nowMs)
    {
        Log.UpdateConfig(config);
        Do(Before with { Start = StartAfterRetention(config, nowMs) }, () => world.Directory.RunRetention(nowMs));
        Log.UpdateConfig(world.ConfigOf(partition));
    }

    /// <summary>A run of the cleaner; false if it found nothing to do. What it took out may be what a later value supersedes, and no more.</summary>
    public bool Compact(LogCleanerOptions options)
    {
        long settled = Math.Min(Log.LastStableOffset, Log.Segments.Active.BaseOffset);
        bool cleaned = false;
        Do(Before with { ThinnedTo = settled }, () =>
        {
            using var cleaner = new LogCleaner([world.Directory], () => options, world.Time, NullLogger.Instance);
            cleaned = cleaner.CleanOnce();
            // The cleaner keeps to itself what one log does to it.
            if (world.Disk.HasCrashed) throw new SimulatedCrashException();
        });
        PartitionLog log = Log;
        Assert.True(log.IsOpen && log.Compaction.Uncleanable is null, $"the log cannot be cleaned: {log.Compaction.Uncleanable}");
        Assert.True(!cleaned || log.Compaction.CleanedEnd <= settled, $"cleaned up to {log.Compaction.CleanedEnd}, beyond {settled}");
        List<ModelBatch> found = LogContents.Read(log);
        Assert.True(LogDifference.Of(Before, log, found) is not { } difference, LogDifference.Of(Before, log, found));
        if (cleaned) AssertSuperseded(found, log.LogStartOffset, log.Compaction.CleanedEnd);
        // What is clean was brought to the disk first.
        After = Before = Before with { Batches = found, ThinnedTo = 0, DurableEnd = Math.Max(Before.DurableEnd, Math.Min(log.Compaction.CleanedEnd, Before.End)) };
        return cleaned;
    }

    /// <summary>An operation that leaves <paramref name="after"/>; stopped within, what is left reaches at least to the floor.</summary>
    public void Do(LogModel after, Action operation, long floor = long.MaxValue)
    {
        (After, _inFlightFloor) = (after, floor);
        operation();
        (Before, _inFlightFloor) = (after, long.MaxValue);
    }

    /// <summary>The lowest log end that a crash may leave.</summary>
    public long Floor(bool powerLoss) => Least(_inFlightFloor, powerLoss ? Math.Min(Before.DurableReach, After.DurableReach) : long.MaxValue,
        Math.Min(Before.Reach, After.Reach));

    /// <summary>After the crash: what the log holds is what the models allow. From here on that is the model.</summary>
    public void Settle(bool powerLoss)
    {
        PartitionLog log = Log;
        List<ModelBatch> found = LogContents.Read(log);
        Assert.True(log.LogEndOffset >= Floor(powerLoss) && log.LogEndOffset <= Math.Max(Before.End, After.End),
            $"{partition} ends at {log.LogEndOffset}, not between {Floor(powerLoss)} and {Math.Max(Before.End, After.End)}");
        Assert.InRange(log.LogStartOffset, 0, Math.Max(Math.Max(Before.Start, After.Start), log.LogEndOffset));
        // Compaction leaves gaps between segments: one that a power loss makes there, in what was not flushed, cannot be told from them.
        long lossesFrom = powerLoss && world.ConfigOf(partition).Compact ? Floor(true) : long.MaxValue;
        LogModel? model = Allowed().FirstOrDefault(model => LogDifference.Of(model, log, found, lossesFrom) is null);
        Assert.True(model is not null, $"{LogDifference.Of(Before, log, found, lossesFrom)}, {LogDifference.Of(After, log, found, lossesFrom)}: the log [{log.LogStartOffset}, {log.LogEndOffset}) holds {Describe(found)}; allowed is a part of "
            + $"[{Before.Start}, {Before.End}) {Describe(Before.Batches)} or [{After.Start}, {After.End}) {Describe(After.Batches)}");
        // The epochs of deleted records are forgotten, also when the records come back.
        _epochsFrom = Math.Max(Before.Start, After.Start);
        CheckEpochs(log, found);
        HashSet<long> present = [.. found.Select(batch => batch.First)];
        IReadOnlyList<ModelBatch> history = [.. model!.History.Where(batch => batch.Last < lossesFrom || present.Contains(batch.First))];
        Restarted(model with { Batches = found, History = history, Start = log.LogStartOffset, DurableEnd = log.RecoveryPoint, ThinnedTo = 0 });
        Epoch = Math.Max(Epoch, log.LatestEpoch.Value);
    }

    /// <summary>After an orderly restart: nothing was lost, and all of it is on the disk.</summary>
    public void Restarted()
    {
        Assert.InRange(Log.LogEndOffset, Before.Reach, Before.End);
        Restarted(Before with { DurableEnd = Log.LogEndOffset });
        Verify();
    }

    /// <summary>Without a crash: the log is what the model says.</summary>
    public void Verify()
    {
        PartitionLog log = Log;
        Assert.Equal((Before.Start, Before.End), (log.LogStartOffset, log.LogEndOffset));
        List<ModelBatch> found = LogContents.Read(log);
        Assert.True(LogDifference.Of(Before, log, found) is null,
            $"{LogDifference.Of(Before, log, found)}: found {Describe(found)}, expected {Describe(Before.Batches)}");
        CheckEpochs(log, found);
    }

    /// <summary>
    /// What the log knows of its producers is what its batches say; each of a producer's last five batches is recognised, and a gap
    /// behind them is refused. What comes before a restart may be forgotten but for the last batch, if it lies in an earlier segment or
    /// compaction took it.
    /// </summary>
    public void VerifyProducers()
    {
        PartitionLog log = Log;
        List<ModelBatch> found = LogContents.Read(log);
        Assert.Equal(Before.Committed, log.CommittedEnd);
        ProducerOracle.CheckAsCommitted(log, found);
        HashSet<long> present = [.. found.Select(batch => batch.First)];
        foreach (IGrouping<long, ModelBatch> producer in Before.History.Where(batch => batch.Last >= log.LogStartOffset && IsData(batch)).GroupBy(batch => new RecordBatchHeader(batch.Bytes).ProducerId))
        {
            List<ModelBatch> recent = LastRun([.. producer]);
            // Compaction keeps a producer's last batch; a cut that takes that one may leave none.
            if (!present.Contains(recent[^1].First)) continue;
            for (int i = 0; i < recent.Count; i++)
            {
                LogAppendResult result = log.AppendAsLeader([.. recent[i].Bytes], log.LatestEpoch);
                if (result.Status == AppendStatus.Duplicate)
                {
                    Assert.True(recent[i].First == result.FirstOffset && recent[i].Last == result.LastOffset,
                        $"the batch at {recent[i].First} of producer {producer.Key} once more is told to be at {result.FirstOffset}");
                    continue;
                }

                Assert.True(result.Status == AppendStatus.OutOfOrderSequence, $"the batch at {recent[i].First} of producer {producer.Key} once more is {result.Status}");
                Assert.True(i < recent.Count - 1 && (recent[i].First < _remembersFrom || !present.Contains(recent[i].First)),
                    $"the batch at {recent[i].First} of producer {producer.Key}, {recent.Count - i} from its last, is not recognised");
            }

            var last = new RecordBatchHeader(recent[^1].Bytes);
            byte[] gap = Batches.Of(producer.Key, last.ProducerEpoch, last.LastSequence + 2, transactional: last.IsTransactional);
            AppendStatus status = log.AppendAsLeader(gap, log.LatestEpoch).Status;
            Assert.True(status == AppendStatus.OutOfOrderSequence, $"a gap behind {last.LastSequence} of producer {producer.Key} is {status}");
        }

        Assert.Equal(Before.End, log.LogEndOffset);
    }

    private static bool IsData(ModelBatch batch) => new RecordBatchHeader(batch.Bytes) is { HasProducerId: true, IsControl: false };

    // One that was forgotten begins anew, perhaps in the same epoch.
    private static List<ModelBatch> LastRun(List<ModelBatch> batches)
    {
        int first = batches.Count - 1;
        while (first > 0 && batches.Count - first < 5 && Continues(batches[first], batches[first - 1])) first--;
        return batches[first..];
    }

    private static bool Continues(ModelBatch batch, ModelBatch previous)
    {
        var header = new RecordBatchHeader(batch.Bytes);
        var before = new RecordBatchHeader(previous.Bytes);
        return header.ProducerEpoch == before.ProducerEpoch && header.BaseSequence == before.LastSequence + 1;
    }

    private static long Least(params ReadOnlySpan<long> values)
    {
        long least = long.MaxValue;
        foreach (long value in values) least = Math.Min(least, value);
        return least;
    }

    private static void AssertSuperseded(List<ModelBatch> found, long start, long cleanedEnd)
    {
        HashSet<string> keys = [];
        foreach (KeyedRecord record in found.SelectMany(batch => CompactionWorld.Parse(batch.Bytes)).Where(batch => !batch.IsControl).SelectMany(batch => batch.Records))
        {
            if (record.Offset >= start && record.Offset < cleanedEnd) Assert.True(record.Key is not null && keys.Add(record.Key), $"{record.Offset} has no key of its own below {cleanedEnd}: {LogDifference.Describe(found)}");
        }
    }

    /// <summary>What a crash may leave. How far a cleaning got that was stopped is not known.</summary>
    private IEnumerable<LogModel> Allowed() => After.ThinnedTo == 0
        ? [Before, After]
        : [Before, After, .. After.Batches.Where(batch => batch.First < After.ThinnedTo).Select(batch => After with { ThinnedTo = batch.First })];

    private void Restarted(LogModel model)
    {
        After = Before = model.EndingAt(Log.LogEndOffset);
        _inFlightFloor = long.MaxValue;
        Log.AdvanceCommittedEnd(Before.Committed);
        // The log start counts as committed without being told.
        After = Before = Before with { Committed = Log.CommittedEnd };
        _remembersFrom = LastSegmentWithBatches();
    }

    private long LastSegmentWithBatches()
    {
        long start = 0;
        foreach (LogSegment segment in Log.Segments.All)
        {
            if (segment.Size > 0) start = segment.BaseOffset;
        }

        return start;
    }

    /// <summary>By the rules, one segment after the other: what is not committed stays, and what lies behind a segment that stays.</summary>
    private long StartAfterRetention(LogConfig config, long nowMs)
    {
        LogSegment[] segments = [.. Log.Segments.All];
        IReadOnlyList<SegmentStart> starts = Log.SegmentStarts();
        long start = Before.Start;
        for (int i = 0; i < segments.Length; i++)
        {
            bool isActive = i == segments.Length - 1;
            long end = isActive ? Before.End : segments[i + 1].BaseOffset;
            long newest = starts[i].LargestTimestamp >= 0 ? starts[i].LargestTimestamp : world.Disk.LastModifiedMs(segments[i].File.Path);
            bool isTooOld = config.Delete && config.RetentionMs >= 0 && nowMs - newest > config.RetentionMs;
            bool isTooMuch = config.Delete && config.RetentionBytes >= 0 && segments[(i + 1)..].Sum(segment => (long)segment.Size) >= config.RetentionBytes;
            bool isBelow = !isActive && end <= Before.Start;
            if (end > Before.Committed || (isActive && segments[i].Size == 0) || !(isTooOld || isTooMuch || isBelow)) break;
            start = Math.Max(start, end);
        }

        return start;
    }

    private void CheckEpochs(PartitionLog log, List<ModelBatch> found)
    {
        for (int i = 0; i < found.Count; i++)
        {
            ModelBatch batch = found[i];
            if (batch.First < _epochsFrom) continue;
            Assert.Equal(batch.Epoch, log.EpochAt(Math.Max(batch.First, log.LogStartOffset)).Value);
            ModelBatch? next = found.Find(other => other.Epoch > batch.Epoch);
            long end = log.EndOffsetFor(new LeaderEpoch(batch.Epoch)).EndOffset;
            // Compaction may have taken the batch with which the next epoch began.
            if (world.ConfigOf(partition).Compact) Assert.InRange(end, batch.Last + 1, next?.First ?? log.LogEndOffset);
            else Assert.Equal(next?.First ?? log.LogEndOffset, end);
        }
    }

    private static string Describe(IEnumerable<ModelBatch> batches) =>
        string.Join(' ', batches.Select(batch => $"{batch.First}-{batch.Last}@{batch.Epoch}"));
}
