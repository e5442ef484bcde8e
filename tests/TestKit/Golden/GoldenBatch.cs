namespace KBroker.TestKit.Golden;

/// <summary>Who wrote a batch, and the sequence of its first record.</summary>
internal sealed record GoldenProducer(long Id, short Epoch, int Sequence, bool IsTransactional = false, bool IsControl = false);

/// <summary>A message, a wrapper of messages or a record batch, byte by byte, with what can be read of it.</summary>
internal sealed record GoldenBatch(byte[] Bytes, IReadOnlyList<GoldenRecord> Records)
{
    private const int BatchHeaderSize = 61;

    public long BaseOffset => Records[0].Offset;

    /// <summary>The last offset, compacted away or not.</summary>
    public required long LastOffset { get; init; }

    public long MaxTimestamp => Records.Max(record => record.Timestamp);

    public int Epoch { get; init; } = -1;

    /// <summary>One message of magic 0 or 1.</summary>
    public static GoldenBatch Message(byte magic, GoldenRecord record) =>
        new(LegacyMessage(magic, 0, record.Offset, record.Timestamp, record.Key, record.Value), [record]) { LastOffset = record.Offset };

    /// <summary>
    /// A compressed set: its messages are the value of a wrapper that has the last one's offset. Inside, magic 0 has the real offsets
    /// and magic 1 ones that count from 0 (KIP-31).
    /// </summary>
    public static GoldenBatch Wrapper(byte magic, GoldenCodec codec, params GoldenRecord[] records)
    {
        var inner = new List<byte>();
        foreach (GoldenRecord record in records)
        {
            long offset = magic == 0 ? record.Offset : record.Offset - records[0].Offset;
            inner.AddRange(LegacyMessage(magic, 0, offset, record.Timestamp, record.Key, record.Value));
        }

        byte[] value = GoldenCompression.Compress(codec, [.. inner], magic);
        long timestamp = records.Max(record => record.Timestamp);
        return new(LegacyMessage(magic, (byte)codec, records[^1].Offset, timestamp, null, value), records) { LastOffset = records[^1].Offset };
    }

    /// <summary>The marker that ends a transaction.</summary>
    public static GoldenBatch Marker(int epoch, long offset, long timestamp, long producerId, bool commit, int coordinatorEpoch) => Batch(
        epoch,
        GoldenCodec.None,
        [new GoldenRecord(offset, timestamp, [.. GoldenBytes.Short(0), .. GoldenBytes.Short((short)(commit ? 1 : 0))], [.. GoldenBytes.Short(0), .. GoldenBytes.Int(coordinatorEpoch)])],
        producer: new GoldenProducer(producerId, 0, -1, true, true));

    /// <summary>A record batch (magic 2).</summary>
    /// <param name="epoch">The leader epoch.</param>
    /// <param name="codec">How the records are compressed.</param>
    /// <param name="records">What compaction left, by rising offset.</param>
    /// <param name="baseOffset">The base offset, which compaction keeps; the first record's if not given.</param>
    /// <param name="lastOffset">The last offset, which compaction keeps; the last record's if not given.</param>
    /// <param name="producer">Who wrote it; null for nobody with an id.</param>
    public static GoldenBatch Batch(int epoch, GoldenCodec codec, GoldenRecord[] records, long? baseOffset = null, long? lastOffset = null, GoldenProducer? producer = null)
    {
        long first = baseOffset ?? records[0].Offset;
        long last = lastOffset ?? records[^1].Offset;
        long firstTimestamp = records[0].Timestamp;
        var body = new List<byte>();
        foreach (GoldenRecord record in records)
        {
            byte[] content =
            [
                0,
                .. GoldenBytes.Varint(record.Timestamp - firstTimestamp),
                .. GoldenBytes.Varint(record.Offset - first),
                .. GoldenBytes.VarSized(record.Key),
                .. GoldenBytes.VarSized(record.Value),
                .. GoldenBytes.Varint(0),
            ];
            body.AddRange([.. GoldenBytes.Varint(content.Length), .. content]);
        }

        byte[] data = GoldenCompression.Compress(codec, [.. body], 2);
        byte[] summed =
        [
            .. GoldenBytes.Short((short)((int)codec | (producer is { IsTransactional: true } ? 0x10 : 0) | (producer is { IsControl: true } ? 0x20 : 0))),
            .. GoldenBytes.Int((int)(last - first)),
            .. GoldenBytes.Long(firstTimestamp),
            .. GoldenBytes.Long(records.Max(record => record.Timestamp)),
            .. GoldenBytes.Long(producer?.Id ?? -1),
            .. GoldenBytes.Short(producer?.Epoch ?? -1),
            .. GoldenBytes.Int(producer?.Sequence ?? -1),
            .. GoldenBytes.Int(records.Length),
            .. data,
        ];
        byte[] bytes =
        [
            .. GoldenBytes.Long(first),
            .. GoldenBytes.Int(BatchHeaderSize - 12 + data.Length),
            .. GoldenBytes.Int(epoch),
            2,
            .. GoldenBytes.Int(GoldenBytes.Crc32C(summed)),
            .. summed,
        ];
        return new(bytes, records) { LastOffset = last, Epoch = epoch };
    }

    private static byte[] LegacyMessage(byte magic, byte attributes, long offset, long timestamp, byte[]? key, byte[]? value)
    {
        byte[] time = magic == 0 ? [] : GoldenBytes.Long(timestamp);
        byte[] summed = [magic, attributes, .. time, .. GoldenBytes.Sized(key), .. GoldenBytes.Sized(value)];
        return [.. GoldenBytes.Long(offset), .. GoldenBytes.Int(4 + summed.Length), .. GoldenBytes.Int(GoldenBytes.Crc32(summed)), .. summed];
    }
}
