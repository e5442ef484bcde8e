using KBroker.LogEngine.Segments;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Compaction;

/// <summary>Fills a map with the keys of a log's dirty records, those of aborted transactions left out.</summary>
internal static class OffsetMapBuilder
{
    /// <summary>
    /// Reads the segments, which end at <paramref name="end"/>, from <paramref name="start"/> on. Returns the end (exclusive) of what
    /// the map covers: <paramref name="end"/>, or the record for whose key there was no room.
    /// </summary>
    /// <exception cref="UncleanableLogException">A batch cannot be read.</exception>
    public static long Fill(
        OffsetMap map, ReadOnlySpan<LogSegment> segments, long start, long end, TransactionFates fates, (BatchSource Source, CompressionCodecs Codecs) tools)
    {
        using var reader = new RecordBatchReader(tools.Codecs, CleaningLimits.Decompression);
        foreach (LogSegment segment in segments)
        {
            tools.Source.Open(segment);
            while (tools.Source.TryRead(out BatchHeader header, out ReadOnlySpan<byte> batch))
            {
                if (header.Magic == RecordBatchFormat.CurrentMagic && IsWithoutData(new RecordBatchHeader(batch), reader, fates)) continue;
                if (header.LastOffset < start) continue;
                if (Add(map, reader.Read(batch), start) is { } full) return full;
            }
        }

        return end;
    }

    private static bool IsWithoutData(RecordBatchHeader header, RecordBatchReader reader, TransactionFates fates)
    {
        if (!header.IsControl) return fates.OnBatch(header);
        RecordEnumerator records = reader.Read(header.Batch);
        fates.OnControl(header, records.MoveNext() ? records.Current.Key : default);
        return true;
    }

    /// <summary>The offset of the first record whose key did not fit; null when all did.</summary>
    private static long? Add(OffsetMap map, RecordEnumerator records, long start)
    {
        while (records.MoveNext())
        {
            Record record = records.Current;
            if (record.HasKey && record.Offset >= start && !map.TryPut(record.Key, record.Offset)) return record.Offset;
        }

        return records.ErrorCode == ErrorCode.None
            ? null
            : throw new UncleanableLogException($"a batch cannot be read ({records.ErrorCode}): {records.ErrorMessage}");
    }
}
