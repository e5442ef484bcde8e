using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>The cut of a log at an offset.</summary>
internal static class LogTruncation
{
    /// <summary>
    /// Removes the batches that hold the offset or later ones; returns the new log end: the offset, or the start of the batch
    /// that held it in its middle, so that no gap opens before what is appended next.
    /// </summary>
    public static long Cut(SegmentStore store, long offset, LogConfig config)
    {
        LogSegment[] segments = store.Snapshot;
        int floor = Math.Max(SegmentStore.Floor(segments, offset), 0);
        LogSegment segment = segments[floor];
        if (floor + 1 < segments.Length) store.KeepFirst(floor + 1, config);
        segment.EnsureIndexes();
        int size = segment.Size;
        BatchPosition found;
        bool holds;
        ILogFile file = segment.Acquire();
        try
        {
            holds = SegmentReads.TryLocate(segment, file, offset, size, out found);
        }
        finally
        {
            segment.File.Release();
        }

        if (!holds)
        {
            segment.SetEnd(offset, size);
            return offset;
        }

        long end = found.Header.Magic < 2 ? offset : Math.Min(offset, found.Header.BaseOffset);
        segment.TruncateAt(found.Position, end);
        segment.TryNoteTail(config.IndexIntervalBytes);
        segment.SetEnd(end, found.Position);
        return end;
    }
}
