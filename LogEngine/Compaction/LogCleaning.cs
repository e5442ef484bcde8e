using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Compaction;

/// <summary>
/// One cleaning of one log: maps the keys of the dirty records, then rewrites the segments up to them group by group, the oldest
/// first, so that whatever a crash or a stop leaves undone, no value comes back behind the tombstone that deleted it. Everything is on
/// the disk before it replaces anything, the records that supersede others included. The gate is held for changes of names alone.
/// </summary>
/// <param name="environment">The log's environment.</param>
/// <param name="log">The log.</param>
/// <param name="options">The settings.</param>
/// <param name="pace">Where it waits and stops.</param>
/// <param name="truncations">How often the log had been cut when it was measured.</param>
internal sealed class LogCleaning(LogEnvironment environment, PartitionLog log, LogCleanerOptions options, CleanerPace pace, int truncations)
{
    private readonly int _bufferSize = Math.Max(options.IoBufferSize / Math.Max(options.Threads, 1) / 2, 4096);

    public CleaningCounts Counts { get; private set; } = new();

    /// <summary>Cleans; returns the end (exclusive) of what is clean now.</summary>
    /// <exception cref="CleaningAbortedException">The log changed underneath, or the cleaner is to stop.</exception>
    /// <exception cref="UncleanableLogException">The log holds what cannot be read.</exception>
    /// <exception cref="StorageException">The disk failed.</exception>
    public long Run(CompactionRange range)
    {
        LogSegment[] segments;
        lock (log.Gate)
        {
            if (!log.IsOpen || log.Flusher.Truncations != truncations) throw new CleaningAbortedException();
            // What lies below the log start is on its way out, and no start checks it.
            segments = log.Segments.Snapshot[log.Retention.CountBelow(log.LogStartOffset)..];
        }

        long now = environment.NowMs;
        List<AbortedTransaction> aborted = ReadAborted(segments);
        long mapBytes = options.DedupeBufferSize / Math.Max(options.Threads, 1);
        using var map = new OffsetMap(mapBytes, range.FirstUncleanable - range.FirstDirty, options.LoadFactor);
        using var source = new BatchSource(_bufferSize, pace);
        int first = Math.Max(SegmentStore.Floor(segments, range.FirstDirty), 0);
        int end = Array.FindIndex(segments, segment => segment.BaseOffset >= range.FirstUncleanable);
        if (end <= first) throw new CleaningAbortedException();
        long mapped = OffsetMapBuilder.Fill(
            map, segments.AsSpan(first..end), range.FirstDirty, range.FirstUncleanable, new TransactionFates(aborted), (source, environment.Codecs));
        // Not before what supersedes them is on the disk may others go.
        log.Flusher.Flush(mapped);
        end = Array.FindIndex(segments, segment => segment.BaseOffset >= mapped);
        LogSegment[] cleaned = segments[..end];
        var fates = new TransactionFates(aborted);
        using var filter = new BatchFilter(
            map, fates, new FilterRules(now, log.Config.DeleteRetentionMs, mapped, log.ProducerMarks()), environment.Codecs);
        Counts = filter.Counts;
        Counts.KeysMapped = map.Count;
        Counts.MapBytes = map.SizeInBytes;
        long legacyHorizon = LegacyHorizon(segments, range.FirstDirty);
        var sizes = Array.ConvertAll(cleaned, segment => new CompactedSegment(segment.BaseOffset, segment.Size));
        foreach (Range group in SegmentGroups.Of(sizes, range.FirstUncleanable, log.Config))
        {
            pace.ThrowIfStopping();
            new GroupCleaning(environment, log, pace, truncations).Run(cleaned[group], filter, fates, source, legacyHorizon);
        }

        return mapped;
    }

    private static List<AbortedTransaction> ReadAborted(LogSegment[] segments)
    {
        var all = new List<AbortedTransaction>();
        foreach (LogSegment segment in segments) all.AddRange(segment.Transactions.ReadAll());
        return all;
    }

    // Magic 0 and 1 have no delete horizon: their tombstones go once the youngest clean segment is delete.retention.ms older than they.
    private long LegacyHorizon(LogSegment[] segments, long firstDirty)
    {
        int last = Array.FindLastIndex(segments, segment => segment.BaseOffset < firstDirty);
        return last < 0 ? 0 : environment.FileSystem.LastModifiedMs(segments[last].File.Path) - log.Config.DeleteRetentionMs;
    }
}
