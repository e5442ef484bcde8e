namespace KBroker.LogEngine.Compaction;

/// <summary>What compaction looks at in a segment. <paramref name="Size"/> is bytes.</summary>
internal readonly record struct CompactedSegment(long BaseOffset, int Size);

/// <summary>
/// A log as compaction sees it. Segments come by rising offset and the last one is active. <paramref name="SettledEnd"/> is the end
/// (exclusive) of what can neither be taken back nor be aborted any more; <paramref name="CleanedEnd"/> is the end of what was
/// compacted before, -1 when nothing was. <paramref name="NowMs"/> is milliseconds since the epoch.
/// </summary>
internal sealed record CompactionInput(
    IReadOnlyList<CompactedSegment> Segments,
    long LogStartOffset,
    long LogEndOffset,
    long SettledEnd,
    long CleanedEnd,
    LogConfig Config,
    long NowMs);

/// <summary>
/// What of a log compaction can take: the records from <paramref name="FirstDirty"/> up to <paramref name="FirstUncleanable"/>
/// (exclusive) supersede others below. Sizes are bytes. <paramref name="Overdue"/> says that <c>max.compaction.lag.ms</c> has passed
/// over some of them.
/// </summary>
internal readonly record struct CompactionRange(
    long FirstDirty, long FirstUncleanable, long CleanBytes, long DirtyBytes, bool Overdue)
{
    /// <summary>The share of the log that is dirty, 0 to 1.</summary>
    public double DirtyRatio => CleanBytes + DirtyBytes == 0 ? 0 : (double)DirtyBytes / (CleanBytes + DirtyBytes);

    /// <summary>Whether it is worth the while, or has to be.</summary>
    public bool IsDue(LogConfig config) => DirtyBytes > 0 && (Overdue || DirtyRatio > config.MinCleanableDirtyRatio);
}

/// <summary>Which part of a log is to be compacted, and whether it is time, by Kafka's rules.</summary>
internal static class CompactionPolicy
{
    /// <summary>Measures one log.</summary>
    /// <param name="log">The log.</param>
    /// <param name="largestMs">A segment's largest timestamp in milliseconds; asked for only as far as needed, as it may be read.</param>
    /// <param name="firstMs">The timestamp of a segment's first batch in milliseconds, asked for likewise.</param>
    public static CompactionRange Measure(CompactionInput log, Func<int, long> largestMs, Func<int, long> firstMs)
    {
        IReadOnlyList<CompactedSegment> segments = log.Segments;
        int active = segments.Count - 1;
        long firstDirty = FirstDirty(log);
        int dirty = Math.Max(Floor(segments, firstDirty), 0);

        // Whole segments only, and none of them active.
        int end = Math.Clamp(Floor(segments, log.SettledEnd), 0, active);
        if (log.Config.MinCompactionLagMs > 0)
        {
            int young = dirty;
            while (young < end && largestMs(young) <= log.NowMs - log.Config.MinCompactionLagMs) young++;
            end = young;
        }

        long clean = 0;
        for (int i = 0; i < segments.Count && segments[i].BaseOffset < firstDirty; i++) clean += segments[i].Size;
        long cleanable = 0;
        for (int i = dirty; i < end; i++) cleanable += segments[i].Size;
        long firstUncleanable = segments[end].BaseOffset;
        bool overdue = firstUncleanable > firstDirty && IsOverdue(log, dirty, end, firstMs);
        return new CompactionRange(firstDirty, firstUncleanable, clean, firstUncleanable > firstDirty ? cleanable : 0, overdue);
    }

    // A checkpoint outside of the log says nothing of it.
    private static long FirstDirty(CompactionInput log) =>
        log.CleanedEnd < log.LogStartOffset || log.CleanedEnd > log.LogEndOffset ? log.LogStartOffset : log.CleanedEnd;

    private static bool IsOverdue(CompactionInput log, int dirty, int end, Func<int, long> firstMs)
    {
        if (log.Config.MaxCompactionLagMs == long.MaxValue) return false;
        long since = log.NowMs - log.Config.MaxCompactionLagMs;
        for (int i = dirty; i < end; i++)
        {
            if (firstMs(i) is > 0 and var first && first < since) return true;
        }

        return false;
    }

    private static int Floor(IReadOnlyList<CompactedSegment> segments, long offset)
    {
        int floor = segments.Count - 1;
        while (floor >= 0 && segments[floor].BaseOffset > offset) floor--;
        return floor;
    }
}
