using System.Buffers.Binary;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>Batches of magic 2 made byte by byte: records with no key and a value of the wanted size.</summary>
internal static class Batches
{
    public static byte[] Make(int records, int valueSize = 10, long timestamp = 1000, byte fill = 0x61)
    {
        var body = new List<byte>();
        for (int i = 0; i < records; i++)
        {
            var record = new List<byte> { 0 };
            Varint(record, 0);
            Varint(record, i);
            Varint(record, -1);
            Varint(record, valueSize);
            for (int j = 0; j < valueSize; j++) record.Add(fill);
            Varint(record, 0);
            Varint(body, record.Count);
            body.AddRange(record);
        }

        byte[] batch = new byte[RecordBatchFormat.RecordsOffset + body.Count];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.LengthOffset), batch.Length - RecordBatchFormat.LogOverhead);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.PartitionLeaderEpochOffset), -1);
        batch[RecordBatchFormat.MagicOffset] = RecordBatchFormat.CurrentMagic;
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.LastOffsetDeltaOffset), records - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(RecordBatchFormat.BaseTimestampOffset), timestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(RecordBatchFormat.MaxTimestampOffset), timestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(RecordBatchFormat.ProducerIdOffset), -1);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(RecordBatchFormat.ProducerEpochOffset), -1);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.BaseSequenceOffset), -1);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.RecordCountOffset), records);
        body.CopyTo(batch, RecordBatchFormat.RecordsOffset);
        RecordBatchStamp.SetCrc(batch);
        return batch;
    }

    /// <summary>A batch of an idempotent producer.</summary>
    public static byte[] Of(
        long producerId, short epoch, int sequence, int records = 1, bool transactional = false, int valueSize = 10, long timestamp = 1000)
    {
        byte[] batch = Make(records, valueSize, timestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(RecordBatchFormat.ProducerIdOffset), producerId);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(RecordBatchFormat.ProducerEpochOffset), epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.BaseSequenceOffset), sequence);
        if (transactional) batch[RecordBatchFormat.AttributesOffset + 1] |= 0x10;
        RecordBatchStamp.SetCrc(batch);
        return batch;
    }

    /// <summary>A marker that ends a producer's transaction.</summary>
    public static byte[] Marker(long producerId, short epoch, bool commit, int coordinatorEpoch = 0, long timestamp = 1000) =>
        new EndTransactionMarker(commit, coordinatorEpoch).ToBatch(producerId, epoch, timestamp);

    public static long MaxTimestamp(ReadOnlySpan<byte> batch) => new RecordBatchHeader(batch).MaxTimestamp;

    private static void Varint(List<byte> to, int value)
    {
        uint zigzag = (uint)((value << 1) ^ (value >> 31));
        for (; zigzag >= 0x80; zigzag >>= 7) to.Add((byte)(zigzag | 0x80));
        to.Add((byte)zigzag);
    }
}
