using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>A batch as it must be read back.</summary>
internal sealed record ModelBatch(long First, long Last, long Timestamp, int Epoch, byte[] Bytes);

/// <summary>What a log must hold: a list of batches, where it starts and ends, and what of it must outlast a power loss.</summary>
internal sealed record LogModel
{
    public static LogModel Empty { get; } = new();

    /// <summary>All batches that were not cut off, also those below the start.</summary>
    public IReadOnlyList<ModelBatch> Batches { get; init; } = [];

    public long Start { get; init; }

    public long End { get; init; }

    /// <summary>What is below has been flushed.</summary>
    public long DurableEnd { get; init; }

    /// <summary>What is below the owner has called committed.</summary>
    public long Committed { get; init; }

    /// <summary>Batches below this offset may have lost records to a cleaning that was stopped, or the whole of them.</summary>
    public long ThinnedTo { get; init; }

    /// <summary>All batches that were appended and not cut off, as they were appended, whatever was deleted or compacted since.</summary>
    public IReadOnlyList<ModelBatch> History { get; init; } = [];

    /// <summary>The end of the last batch: where compaction left a gap before a cut, a restart ends the log here.</summary>
    public long Reach => Batches.Count == 0 ? Start : Math.Max(Start, Batches[^1].Last + 1);

    /// <summary>The end of the last batch that a power loss leaves.</summary>
    public long DurableReach => Math.Min(DurableEnd, Math.Max(Start, Batches.LastOrDefault(batch => batch.Last < DurableEnd)?.Last + 1 ?? Start));

    public LogModel With(IReadOnlyList<ModelBatch> appended)
    {
        List<ModelBatch> all = [.. Batches, .. appended];
        return this with { Batches = all, History = [.. History, .. appended], End = all[^1].Last + 1 };
    }

    /// <summary>A cut at a batch's start, or at or below the log's start.</summary>
    public LogModel CutAt(long offset)
    {
        if (offset >= End) return this;
        if (offset < Start) return StartedOverAt(offset);
        ModelBatch[] rest = [.. Batches.Where(batch => batch.Last < offset)];
        return EndingAt(offset) with { Batches = rest };
    }

    public static LogModel StartedOverAt(long offset) => new() { Start = offset, End = offset, Committed = offset };

    /// <summary>The same with another end; its batches are not looked at.</summary>
    public LogModel EndingAt(long offset) => this with
    {
        End = offset,
        DurableEnd = Math.Min(DurableEnd, offset),
        Committed = Math.Min(Committed, offset),
        History = [.. History.Where(batch => batch.Last < offset)],
    };

    /// <summary>The batches that a log between these offsets holds, the first and the last of them perhaps in part.</summary>
    public IEnumerable<ModelBatch> Between(long start, long end) => Batches.Where(batch => batch.Last >= start && batch.First < end);
}

/// <summary>The batches of a log, read as a consumer does.</summary>
internal static class LogContents
{
    public static List<ModelBatch> Read(PartitionLog log)
    {
        var batches = new List<ModelBatch>();
        for (long offset = log.LogStartOffset; offset < log.LogEndOffset;)
        {
            LogReadResult read = log.Read(offset, 1, minOneMessage: true, long.MaxValue);
            Assert.Equal(LogReadStatus.Ok, read.Status);
            if (LogRig.Bytes(read.Slice) is not { } bytes) break;
            var header = new RecordBatchHeader(bytes);
            Assert.True(header.IsCrcValid, $"the CRC of the batch at {offset} is wrong");
            Assert.True(header.NextOffset > offset, $"the batch read at {offset} ends at {header.NextOffset}");
            batches.Add(new ModelBatch(header.BaseOffset, header.NextOffset - 1, header.MaxTimestamp, header.PartitionLeaderEpoch, bytes));
            offset = header.NextOffset;
        }

        return batches;
    }
}
