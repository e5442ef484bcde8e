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
        TimeNote entry = timestamp > 0 ? segment.Times.Lookup(timestamp - 1) : segment.Times.Start;
        TimePosition note = entry.Position;
        // A note that was skipped to is believed once the batch that it names has its timestamp.
        bool believed = entry.IsVerified || note.Offset < startOffset;
        long from = believed && note.Timestamp >= 0 ? note.Offset + 1 : note.Offset;
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, 0, size);
        try
        {
            bool holds = SegmentReads.TrySeek(segment, ref scanner, Math.Max(from, startOffset), headerOnly: !believed);
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
}
