namespace KBroker.Protocol.Records;

/// <summary>What a lookup in one batch found.</summary>
/// <param name="ErrorCode">Whether the batch could be read as far as needed.</param>
/// <param name="Offset">The record's offset, or -1 if none fits.</param>
/// <param name="Timestamp">The record's timestamp in milliseconds, or -1.</param>
public readonly record struct RecordLookup(ErrorCode ErrorCode, long Offset, long Timestamp)
{
    /// <summary>Whether a record fits.</summary>
    public bool IsFound => Offset >= 0;

    /// <summary>
    /// The first record whose timestamp is at least <paramref name="timestamp"/> and whose offset is at least
    /// <paramref name="minOffset"/>, as ListOffsets asks.
    /// </summary>
    public static RecordLookup FirstSince(RecordBatchReader reader, ReadOnlySpan<byte> batch, long timestamp, long minOffset)
    {
        RecordEnumerator records = reader.Read(batch);
        while (records.MoveNext())
        {
            Record record = records.Current;
            if (record.Timestamp >= timestamp && record.Offset >= minOffset)
                return new RecordLookup(ErrorCode.None, record.Offset, record.Timestamp);
        }

        return new RecordLookup(records.ErrorCode, RecordBatchFormat.None, RecordBatchFormat.None);
    }

    /// <summary>
    /// The first record that has the largest timestamp of those from <paramref name="minOffset"/> on (KIP-734); none when all of them
    /// have no timestamp.
    /// </summary>
    public static RecordLookup Latest(RecordBatchReader reader, ReadOnlySpan<byte> batch, long minOffset)
    {
        RecordEnumerator records = reader.Read(batch);
        long offset = RecordBatchFormat.None;
        long timestamp = RecordBatchFormat.None;
        while (records.MoveNext())
        {
            Record record = records.Current;
            if (record.Timestamp > timestamp && record.Offset >= minOffset) (offset, timestamp) = (record.Offset, record.Timestamp);
        }

        return new RecordLookup(records.ErrorCode, offset, timestamp);
    }
}
