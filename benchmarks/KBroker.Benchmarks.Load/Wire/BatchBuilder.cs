using System.Buffers.Binary;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;

namespace KBroker.Benchmarks.Load.Wire;

/// <summary>Builds uncompressed record batches of an exact size.</summary>
internal static class BatchBuilder
{
    /// <summary>
    /// A batch of exactly <paramref name="size"/> bytes whose records, without keys, have about
    /// <paramref name="recordSize"/> bytes each; the last one is longer or shorter to fit.
    /// </summary>
    public static byte[] Build(int size, int recordSize, out int records)
    {
        byte[] batch = new byte[size];
        new Random(size).NextBytes(batch);
        records = 0;
        int at = RecordBatchFormat.RecordsOffset;
        while (at < size)
        {
            int left = size - at;
            int length = left < recordSize * 2 ? left : recordSize;
            at += WriteRecord(batch.AsSpan(at, length), records++);
        }

        WriteHeader(batch, records);
        return batch;
    }

    private static int WriteRecord(Span<byte> record, int offsetDelta)
    {
        int at = VarInt.Write(record, WithoutItsLength(record.Length));
        record[at++] = 0;
        record[at++] = 0;
        at += VarInt.Write(record[at..], offsetDelta);
        at += VarInt.Write(record[at..], -1);
        int value = WithoutItsLength(record.Length - at - 1);
        at += VarInt.Write(record[at..], value) + value;
        record[at++] = 0;
        return at;
    }

    /// <summary>The size of what, with its own length in front, has the given size.</summary>
    private static int WithoutItsLength(int size)
    {
        for (int prefix = 1; prefix <= VarInt.MaxBytes32; prefix++)
        {
            if (VarInt.SizeOf(size - prefix) == prefix) return size - prefix;
        }

        throw new ArgumentOutOfRangeException(nameof(size), size, "no length prefix gives this size");
    }

    private static void WriteHeader(Span<byte> batch, int records)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, 0);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.LengthOffset..], batch.Length - RecordBatchFormat.LogOverhead);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.PartitionLeaderEpochOffset..], -1);
        batch[RecordBatchFormat.MagicOffset] = RecordBatchFormat.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchFormat.AttributesOffset..], 0);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.LastOffsetDeltaOffset..], records - 1);
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchFormat.BaseTimestampOffset..], now);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchFormat.MaxTimestampOffset..], now);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchFormat.ProducerIdOffset..], -1);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchFormat.ProducerEpochOffset..], -1);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.BaseSequenceOffset..], -1);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.RecordCountOffset..], records);
        uint crc = uint.MaxValue;
        foreach (byte b in batch[RecordBatchFormat.AttributesOffset..]) crc = System.Numerics.BitOperations.Crc32C(crc, b);
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatchFormat.CrcOffset..], ~crc);
    }
}
