namespace KBroker.LogEngine.Compaction;

/// <summary>Which neighbouring segments are compacted into one, so that segments do not shrink for ever.</summary>
internal static class SegmentGroups
{
    private const int OffsetEntrySize = 8;
    private const int TimeEntrySize = 12;

    /// <summary>
    /// Splits the segments, which end at <paramref name="end"/> (exclusive), into runs whose batches, index entries and distance of
    /// offsets fit one segment.
    /// </summary>
    public static List<Range> Of(IReadOnlyList<CompactedSegment> segments, long end, LogConfig config)
    {
        var groups = new List<Range>();
        int first = 0;
        while (first < segments.Count)
        {
            int next = first + 1;
            long size = segments[first].Size;
            while (next < segments.Count && Fits(next)) size += segments[next++].Size;
            groups.Add(first..next);
            first = next;

            bool Fits(int candidate)
            {
                long sum = size + segments[candidate].Size;
                long last = (candidate + 1 < segments.Count ? segments[candidate + 1].BaseOffset : end) - 1;
                // No more entries than bytes between them allow, and one for the largest timestamp.
                long entries = (sum / Math.Max(config.IndexIntervalBytes, 1)) + 1;
                return sum <= config.SegmentBytes
                    && entries * OffsetEntrySize <= config.SegmentIndexBytes
                    && entries * TimeEntrySize <= config.SegmentIndexBytes
                    && last - segments[first].BaseOffset <= int.MaxValue;
            }
        }

        return groups;
    }
}
