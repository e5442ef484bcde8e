using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Recovery;

/// <summary>Makes a segment's indexes anew from its batches' headers, up to the first bytes that are no batch that can follow.</summary>
internal static class IndexRebuild
{
    public static void Run(LogSegment segment, int indexIntervalBytes, bool seal)
    {
        Scan(segment, indexIntervalBytes);
        segment.IndexesRebuilt = true;
        if (seal) segment.Seal();
    }

    /// <summary>Notes the batches anew, in memory only.</summary>
    public static void Scan(LogSegment segment, int indexIntervalBytes)
    {
        segment.ResetIndexes();
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, 0, segment.Size);
        try
        {
            long next = segment.BaseOffset;
            while (scanner.MoveNext() == ScanStatus.Found && scanner.Header.BaseOffset >= next && segment.CanHold(scanner.Header.LastOffset))
            {
                segment.NoteBatch(scanner.Header, scanner.Position, indexIntervalBytes);
                next = scanner.Header.NextOffset;
            }
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }
    }
}
