using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Compression;

namespace KBroker.LogEngine.Segments;

/// <summary>The search of a segment for a record by its time.</summary>
internal static class TimestampSearch
{
    /// <summary>
    /// The first record at or after <paramref name="startOffset"/> with this timestamp or a later one; null when the segment has none.
    /// </summary>
    public static TimestampOffset? FindFirst(LogSegment segment, long timestamp, long startOffset, CompressionCodecs codecs)
    {
        (_, int size) = segment.ReadEnd();
        segment.EnsureIndexes();
        // Everything up to the noted offset is earlier than the note's timestamp or equal to it: only a strictly earlier note
        // can be skipped to, which the lookup of the millisecond before gives.
        TimeNote entry = segment.Times.Lookup(Math.Max(timestamp - 1, -1));
        TimePosition note = entry.Position;
        // A note that was skipped to is believed once the batch that it names has its timestamp.
        bool believed = entry.IsVerified || note.Offset < startOffset;
        long from = believed && note.Timestamp >= 0 ? note.Offset + 1 : note.Offset;
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, 0, size);
        try
        {
            bool holds = SegmentReads.TrySeek(segment, ref scanner, Math.Max(from, startOffset), believed ? PartBefore(timestamp, entry) : 0);
            if (!holds) return believed ? null : throw new CorruptIndexException(segment);
            BatchHeader header = scanner.Header;
            if (!believed && (header.BaseOffset > note.Offset || header.MaxTimestamp != note.Timestamp)) throw new CorruptIndexException(segment);
            if (!believed) entry.MarkVerified();
            while (true)
            {
                header = scanner.Header;
                if (header.MaxTimestamp >= timestamp && header.LastOffset >= startOffset
                    && BatchTimestamps.FindFirst(file, ref scanner, timestamp, startOffset, codecs) is { } found) return found;
                // The records of the next one are likely to be looked at.
                scanner.Restart(scanner.NextPosition, 0);
                ScanStatus status = scanner.MoveNext();
                if (status == ScanStatus.EndOfSegment) return null;
                if (status == ScanStatus.Malformed) throw new CorruptIndexException(segment);
            }
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }
    }

    /// <summary>
    /// The first record with the largest timestamp of those in the segment at or after <paramref name="startOffset"/>; null when none
    /// of them has one. No batch says more than <paramref name="bound"/>; what it says may be of a record that compaction took or that
    /// lies before the offset.
    /// </summary>
    public static TimestampOffset? FindLargest(LogSegment segment, long bound, long startOffset, CompressionCodecs codecs)
    {
        if (FindFirst(segment, bound, startOffset, codecs) is { } latest) return latest;
        (_, int size) = segment.ReadEnd();
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, 0, size);
        try
        {
            TimestampOffset? largest = null;
            bool isBatch = SegmentReads.TrySeek(segment, ref scanner, Math.Max(startOffset, segment.BaseOffset), part: 0);
            while (isBatch)
            {
                if (scanner.Header.MaxTimestamp > (largest?.Timestamp ?? -1)
                    && BatchTimestamps.FindLargest(file, scanner, startOffset, codecs) is { } found
                    && (largest is null || found.Timestamp > largest.Value.Timestamp))
                {
                    largest = found;
                }

                ScanStatus status = scanner.MoveNext();
                if (status == ScanStatus.Malformed) throw new CorruptIndexException(segment);
                isBatch = status == ScanStatus.Found;
            }

            return largest;
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }
    }

    /// <summary>
    /// How much of what lies between two notes, from 0 to 1, comes before the record that is sought, if times and sizes rise evenly.
    /// </summary>
    private static double PartBefore(long timestamp, in TimeNote note)
    {
        if (note.Next is not { } next) return 0;
        double records = next.Offset - note.Position.Offset;
        double share = (double)(timestamp - note.Position.Timestamp) / (next.Timestamp - note.Position.Timestamp);
        return records <= 1 ? 0 : Math.Clamp((Math.Ceiling(share * records) - 1) / records, 0, 1);
    }
}
