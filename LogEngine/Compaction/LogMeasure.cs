using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Compaction;

/// <summary>Shows a log to <see cref="CompactionPolicy"/>. Takes no lock.</summary>
internal sealed class LogMeasure(PartitionLog log, LogEnvironment environment)
{
    /// <summary>What can be compacted; null when the log changed meanwhile.</summary>
    /// <exception cref="StorageException">The disk failed or the log is closed.</exception>
    public CompactionRange? Take()
    {
        LogSegment[] seen = log.Segments.Snapshot;
        var input = new CompactionInput(
            Array.ConvertAll(seen, segment => new CompactedSegment(segment.BaseOffset, segment.Size)),
            log.LogStartOffset,
            log.LogEndOffset,
            log.LastStableOffset,
            log.Compaction.CleanedEnd,
            log.Config,
            environment.NowMs);
        try
        {
            return CompactionPolicy.Measure(input, i => log.Reader.LargestTimestamp(seen[i]) ?? long.MaxValue, i => FirstTimestamp(seen[i]));
        }
        catch (SegmentClosedException)
        {
            return null;
        }
    }

    private static long FirstTimestamp(LogSegment segment)
    {
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, 0, segment.Size);
        try
        {
            return scanner.MoveNext() == ScanStatus.Found ? scanner.Header.MaxTimestamp : -1;
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }
    }
}
