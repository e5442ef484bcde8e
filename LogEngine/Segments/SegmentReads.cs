using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>Where a batch lies.</summary>
internal readonly record struct BatchPosition(int Position, BatchHeader Header);

/// <summary>Reads of one segment: from an offset to a file position and from there to a slice.</summary>
internal static class SegmentReads
{
    /// <summary>
    /// The bytes from the batch that holds <paramref name="startOffset"/> on, none of them of a batch that reaches
    /// <paramref name="upperBound"/>. No slice when not even the first batch fits, unless <paramref name="minOneMessage"/>. False
    /// when all batches of the segment end before the offset.
    /// </summary>
    public static bool TryRead(
        LogSegment segment, long startOffset, int maxBytes, bool minOneMessage, long upperBound, out LogSlice? slice)
    {
        slice = null;
        (long endOffset, int size) = segment.ReadEnd();
        if (startOffset >= endOffset) return false;
        ILogFile file = segment.Acquire();
        bool handedOver = false;
        try
        {
            if (!TryLocate(segment, file, startOffset, size, out BatchPosition start)) return false;
            int limit = size;
            if (upperBound < endOffset)
                limit = TryLocate(segment, file, upperBound, size, out BatchPosition bound) ? bound.Position : size;
            // A part of the first batch is of no use to anyone.
            if (!minOneMessage && start.Header.SizeInBytes > maxBytes) return true;
            int most = minOneMessage ? Math.Max(maxBytes, start.Header.SizeInBytes) : maxBytes;
            int length = Math.Min(limit - start.Position, most);
            if (length <= 0) return true;
            slice = new LogSlice(segment.File, file, start.Position, length, start.Header.SizeInBytes);
            handedOver = true;
            return true;
        }
        finally
        {
            if (!handedOver) segment.File.Release();
        }
    }

    /// <summary>
    /// The first batch whose last offset is <paramref name="offset"/> or later. The batch that the index points to is checked
    /// against its entry, so that a foreign index is found out before it leads astray.
    /// </summary>
    public static bool TryLocate(LogSegment segment, ILogFile file, long offset, int size, out BatchPosition found)
    {
        segment.EnsureIndexes();
        OffsetPosition entry = segment.Offsets.Lookup(offset);
        using var scanner = new BatchScanner(file, entry.Position, size);
        ScanStatus status = scanner.MoveNext();
        bool fromIndex = entry.Position > 0;
        if (fromIndex && (status != ScanStatus.Found || scanner.Header.BaseOffset > entry.Offset || scanner.Header.BaseOffset < segment.BaseOffset))
            throw new CorruptIndexException(segment);
        if (status == ScanStatus.Found && scanner.Header.LastOffset < offset) status = scanner.MoveTo(offset);
        if (status == ScanStatus.Malformed)
        {
            // Batches do not follow each other from here: the index may be to blame, the file itself cannot be excused.
            throw fromIndex
                ? new CorruptIndexException(segment)
                : new StorageException("read", segment.File.Path, $"no batch at position {scanner.NextPosition}");
        }

        found = status == ScanStatus.Found ? new BatchPosition(scanner.Position, scanner.Header) : default;
        return status == ScanStatus.Found;
    }
}
