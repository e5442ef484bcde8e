using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>Brings producer states forward over batches that are in the log already.</summary>
internal sealed class ProducerReplay(ProducerStates states, long now)
{
    public ProducerStates States => states;

    /// <summary>
    /// Takes in one batch; <paramref name="index"/>, where given, gets the transaction that it aborts.
    /// </summary>
    public void Add(in BatchHeader header, ReadOnlySpan<byte> batch, TransactionIndex? index)
    {
        if (!states.Apply(header, batch, committedEnd: 0, now, out CompletedTransaction completed) || index is null || !completed.IsAborted) return;
        index.Append(new AbortedTransaction(completed.ProducerId, completed.FirstOffset, completed.LastOffset, completed.LastStableOffset));
    }

    /// <summary>Whether a control batch of a producer lies between the offsets. Reads headers alone.</summary>
    public static bool HasMarker(IReadOnlyList<LogSegment> segments, long start, long end)
    {
        foreach (LogSegment segment in segments)
        {
            if (segment.BaseOffset >= end) break;
            if (segment.EndOffset > start && HasMarker(segment, start, end)) return true;
        }

        return false;
    }

    /// <summary>Takes in the batches between the states' end and <paramref name="endOffset"/>.</summary>
    public void RunTo(IReadOnlyList<LogSegment> segments, long endOffset)
    {
        foreach (LogSegment segment in segments)
        {
            if (segment.BaseOffset >= endOffset) break;
            if (segment.EndOffset > states.EndOffset) RunOver(segment, endOffset, null);
        }

        states.EndOffset = endOffset;
    }

    /// <summary>
    /// Takes in the batches of one segment from the states' end on. It stops at bytes that are no batch: what follows them cannot be
    /// read by anyone.
    /// </summary>
    public void RunOver(LogSegment segment, long endOffset, TransactionIndex? index)
    {
        int size = segment.Size;
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, PositionOf(segment, file, states.EndOffset, size), size);
        Span<byte> buffer = stackalloc byte[EndTransactionMarker.MaxBatchSize];
        try
        {
            while (scanner.MoveNext() == ScanStatus.Found && scanner.Header.BaseOffset < endOffset)
            {
                if (scanner.Header.BaseOffset < states.EndOffset) continue;
                scoped ReadOnlySpan<byte> batch = default;
                if (scanner.Header is { HasProducerId: true, IsControl: true } header && header.SizeInBytes <= buffer.Length)
                    batch = buffer[..file.Read(buffer[..header.SizeInBytes], scanner.Position)];
                Add(scanner.Header, batch, index);
            }
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }
    }

    private static bool HasMarker(LogSegment segment, long start, long end)
    {
        int size = segment.Size;
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, PositionOf(segment, file, start, size), size);
        try
        {
            while (scanner.MoveNext() == ScanStatus.Found && scanner.Header.BaseOffset < end)
            {
                if (scanner.Header is { HasProducerId: true, IsControl: true } header && header.LastOffset >= start) return true;
            }

            return false;
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }
    }

    private static int PositionOf(LogSegment segment, ILogFile file, long offset, int size)
    {
        if (offset <= segment.BaseOffset) return 0;
        try
        {
            return SegmentReads.TryLocate(segment, file, offset, size, out BatchPosition found) ? found.Position : size;
        }
        catch (CorruptIndexException)
        {
            // The index is made anew when it is next used.
            return 0;
        }
    }
}
