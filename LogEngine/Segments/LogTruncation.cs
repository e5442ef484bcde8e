using KBroker.LogEngine.Recovery;
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
        store.SettleReplacement();
        LogSegment[] segments = store.Snapshot;
        int floor = Math.Max(SegmentStore.Floor(segments, offset), 0);
        LogSegment segment = segments[floor];
        int size = segment.Size;
        bool holds = TryLocate(segment, offset, size, config, out BatchPosition found);
        if (floor + 1 < segments.Length)
        {
            store.KeepFirst(floor + 1, config);
            // The last segments go first: whatever a power loss brings back continues the one before it.
            store.FlushNames();
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

    private static bool TryLocate(LogSegment segment, long offset, int size, LogConfig config, out BatchPosition found)
    {
        ILogFile file = segment.Acquire();
        try
        {
            // The cut needs both, and what it leaves is the segment that grows.
            segment.HoldIndexes();
            return SegmentReads.TryLocate(segment, file, offset, size, out found);
        }
        catch (CorruptIndexException)
        {
            IndexRebuild.Run(segment, config.IndexIntervalBytes, seal: false);
            return SegmentReads.TryLocate(segment, file, offset, size, out found);
        }
        finally
        {
            segment.File.Release();
        }
    }
}
