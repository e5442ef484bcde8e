using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>Where a batch lies.</summary>
internal readonly record struct BatchPosition(int Position, BatchHeader Header);

/// <summary>Reads of one segment: from an offset to a file position and from there to a slice.</summary>
internal static class SegmentReads
{
    private const double Tolerance = 1 + (1 / 32.0);

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

    /// <summary>The first batch whose last offset is <paramref name="offset"/> or later; false when there is none.</summary>
    public static bool TryLocate(LogSegment segment, ILogFile file, long offset, int size, out BatchPosition found)
    {
        var scanner = new BatchScanner(file, 0, size);
        try
        {
            bool holds = TrySeek(segment, ref scanner, offset, part: 0);
            found = holds ? new BatchPosition(scanner.Position, scanner.Header) : default;
            return holds;
        }
        finally
        {
            scanner.Dispose();
        }
    }

    /// <summary>
    /// Moves to the first batch whose last offset is <paramref name="offset"/> or later; false when there is none. The batch that
    /// the index points to is checked against its entry, so that a foreign index is found out before it leads astray.
    /// <paramref name="part"/> tells how much of the batch, from 0 to 1, probably lies before what is wanted behind its header.
    /// </summary>
    public static bool TrySeek(LogSegment segment, scoped ref BatchScanner scanner, long offset, double part)
    {
        segment.EnsureIndexes();
        (OffsetPosition entry, OffsetPosition? next, OffsetPosition? afterNext) = segment.Offsets.Find(offset);
        // Entries are there before the size that covers their batches.
        if (next is { } beyond && beyond.Position >= scanner.Limit) next = null;
        int gap = (next is { } end ? end.Position : scanner.Limit) - entry.Position;
        ScanStatus status;
        if (entry.Offset == offset)
        {
            scanner.Restart(entry.Position, gap > BatchScanner.Window ? FirstRead(gap, part) : 0);
            status = MoveToIndexed(segment, ref scanner, entry);
        }
        else if (next is { } ahead && gap > BatchScanner.Window - BatchHeader.MaxHeaderSize)
        {
            // One read does not cover what lies between the two: most likely the batch that the second points to is the one.
            int size = (afterNext is { } third ? third.Position : scanner.Limit) - ahead.Position;
            scanner.Restart(ahead.Position, FirstRead(size, part));
            status = MoveToIndexed(segment, ref scanner, ahead);
            if (scanner.Header.BaseOffset > offset)
            {
                scanner.Restart(entry.Position, FirstRead(gap, part));
                status = MoveToIndexed(segment, ref scanner, entry);
            }
        }
        else
        {
            // With the front of the batch behind it, where that may be the one whose records are wanted.
            scanner.Restart(entry.Position, gap + BatchScanner.HeaderRead);
            status = MoveToIndexed(segment, ref scanner, entry);
        }

        if (status == ScanStatus.Found && scanner.Header.LastOffset < offset) status = scanner.MoveTo(offset);
        if (status == ScanStatus.Malformed)
        {
            // Batches do not follow each other from here: the index may be to blame, the file itself cannot be excused.
            throw entry.Position > 0 || next is not null
                ? new CorruptIndexException(segment)
                : new StorageException("read", segment.File.Path, $"no batch at position {scanner.NextPosition}");
        }

        return status == ScanStatus.Found;
    }

    // The header, what lies before the wanted, and a little more where sizes differ: each byte has its price, another read a higher one.
    private static int FirstRead(int size, double part)
    {
        double before = part * size * Tolerance;
        return before > BatchScanner.LargestRead - BatchScanner.HeaderRead ? BatchScanner.Window : BatchScanner.HeaderRead + (int)before;
    }

    private static ScanStatus MoveToIndexed(LogSegment segment, scoped ref BatchScanner scanner, OffsetPosition entry)
    {
        ScanStatus status = scanner.MoveNext();
        if (entry.Position == 0) return status;
        bool fits = status == ScanStatus.Found && scanner.Header.BaseOffset <= entry.Offset && scanner.Header.BaseOffset >= segment.BaseOffset;
        return fits ? status : throw new CorruptIndexException(segment);
    }
}
