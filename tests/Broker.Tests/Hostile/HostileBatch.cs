using System.Buffers.Binary;
using System.IO.Compression;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Tests.Hostile;

/// <summary>Batches as a producer sends them, right and wrong.</summary>
internal static class HostileBatch
{
    private const long Timestamp = 1_700_000_000_000;

    /// <summary>One record with key and value.</summary>
    public static byte[] Valid(RecordBatchOptions? options = null, int valueSize = 4, bool withKey = true, int count = 1)
    {
        using var codecs = new CompressionCodecs();
        using var builder = new RecordBatchBuilder(options ?? new RecordBatchOptions(), codecs);
        for (int i = 0; i < count; i++) builder.Append(Timestamp + i, withKey ? [1] : null, new byte[valueSize]);
        return builder.ToArray();
    }

    /// <summary>A valid batch of exactly this size.</summary>
    public static byte[] OfSize(int size)
    {
        // The value's length is a varint, so the rest is found by trying.
        for (int value = size - 80; value < size; value++)
            if (Valid(valueSize: value) is var batch && batch.Length == size) return batch;
        throw new ArgumentOutOfRangeException(nameof(size));
    }

    /// <summary>A batch with a right header whose records are the given bytes.</summary>
    public static byte[] Around(byte[] records, int count, CompressionType type = CompressionType.None)
    {
        byte[] batch = [.. Valid()[..RecordBatchFormat.RecordsOffset], .. records];
        return batch.With(RecordBatchFormat.LengthOffset, batch.Length - RecordBatchFormat.LogOverhead)
            .With(RecordBatchFormat.LastOffsetDeltaOffset, count - 1)
            .With(RecordBatchFormat.RecordCountOffset, count)
            .With(RecordBatchFormat.AttributesOffset, (short)type)
            .Seal();
    }

    /// <summary>A batch of one record whose value is that many zeros, which compress to almost nothing.</summary>
    public static byte[] Bomb(CompressionType type, int valueSize)
    {
        using var codecs = new CompressionCodecs();
        using var builder = new RecordBatchBuilder(new RecordBatchOptions { CompressionType = type }, codecs);
        builder.Append(Timestamp, null, new byte[valueSize]);
        return builder.ToArray();
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal)) gzip.Write(bytes);
        return compressed.ToArray();
    }

    /// <summary>Makes the CRC right again.</summary>
    public static byte[] Seal(this byte[] batch)
    {
        RecordBatchStamp.SetCrc(batch);
        return batch;
    }

    public static byte[] With(this byte[] batch, int offset, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(offset), value);
        return batch;
    }

    public static byte[] With(this byte[] batch, int offset, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(offset), value);
        return batch;
    }

    public static byte[] With(this byte[] batch, int offset, short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(offset), value);
        return batch;
    }

    public static byte[] With(this byte[] batch, int offset, sbyte value)
    {
        batch[offset] = (byte)value;
        return batch;
    }
}
