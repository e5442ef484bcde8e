using System.Buffers.Binary;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Protocol.Tests.Records;

/// <summary>Batches as a producer sends them, right and wrong.</summary>
internal static class ProducerBatch
{
    public const long Now = 1_700_000_000_000;

    public static byte[] Build(CompressionCodecs codecs, int count = 3, RecordBatchOptions? options = null, bool withKeys = true)
    {
        using var builder = new RecordBatchBuilder(options ?? new RecordBatchOptions(), codecs);
        for (int i = 0; i < count; i++)
        {
            byte[] value = [.. Enumerable.Repeat((byte)('a' + (i % 26)), i % 300)];
            builder.Append(Now + i, withKeys ? [(byte)i] : null, value, [new RecordHeader("h", i % 2 == 0 ? value : null)]);
        }

        return builder.ToArray();
    }

    /// <summary>A batch with a valid header whose records are the given bytes.</summary>
    public static byte[] Around(ReadOnlySpan<byte> records, int count, CompressionType type = CompressionType.None)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        byte[] batch = [.. builder.ToArray(), .. records];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.LengthOffset), batch.Length - RecordBatchFormat.LogOverhead);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(RecordBatchFormat.AttributesOffset), (short)type);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.LastOffsetDeltaOffset), count - 1);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.RecordCountOffset), count);
        return Seal(batch);
    }

    /// <summary>Makes the CRC right again.</summary>
    public static byte[] Seal(byte[] batch)
    {
        RecordBatchStamp.SetCrc(batch);
        return batch;
    }

    public static byte[] WithInt32(this byte[] batch, int offset, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(offset), value);
        return batch;
    }

    public static byte[] WithInt64(this byte[] batch, int offset, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(offset), value);
        return batch;
    }

    public static byte[] WithAttributes(this byte[] batch, int bits)
    {
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(RecordBatchFormat.AttributesOffset), (short)bits);
        return batch;
    }
}
