using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Recovery;

/// <summary>Makes a segment's indexes anew from its batches' headers, up to the first bytes that are no batch.</summary>
internal static class IndexRebuild
{
    public static void Run(LogSegment segment, int indexIntervalBytes, bool seal)
    {
        segment.ResetIndexes();
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, 0, segment.Size);
        try
        {
            while (scanner.MoveNext() == ScanStatus.Found) segment.NoteBatch(scanner.Header, scanner.Position, indexIntervalBytes);
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }

        if (seal) segment.Seal();
    }
}
