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
        TimePosition note = timestamp > 0 ? segment.Times.Lookup(timestamp - 1) : new TimePosition(-1, segment.BaseOffset);
        OffsetPosition entry = segment.Offsets.Lookup(Math.Max(note.Offset, startOffset));
        // A note that was skipped to is believed once the batch that it names has its timestamp.
        bool believed = note.Timestamp < 0 || note.Offset < startOffset;
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, entry.Position, size);
        try
        {
            while (true)
            {
                ScanStatus status = scanner.MoveNext();
                if (status == ScanStatus.EndOfSegment && believed) return null;
                if (status != ScanStatus.Found) throw new CorruptIndexException(segment);
                BatchHeader header = scanner.Header;
                if (scanner.Position == entry.Position && entry.Position > 0 && header.BaseOffset > entry.Offset) throw new CorruptIndexException(segment);
                if (!believed)
                {
                    if (header.LastOffset < note.Offset) continue;
                    if (header.BaseOffset > note.Offset || header.MaxTimestamp != note.Timestamp) throw new CorruptIndexException(segment);
                    believed = true;
                }

                if (header.MaxTimestamp < timestamp || header.LastOffset < startOffset) continue;
                if (BatchTimestamps.FindFirst(file, scanner.Position, header, timestamp, startOffset, codecs) is { } found) return found;
            }
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }
    }
}
