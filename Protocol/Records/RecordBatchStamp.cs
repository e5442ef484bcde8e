using System.Buffers.Binary;

namespace KBroker.Protocol.Records;

/// <summary>
/// Writes into a batch of magic 2 what the leader decides: base offset and leader epoch, which the CRC does not cover, and the
/// max timestamp, which it does.
/// </summary>
public static class RecordBatchStamp
{
    /// <summary>Sets the base offset and the partition leader epoch; the CRC stays right.</summary>
    public static void SetOffsetAndEpoch(Span<byte> batch, long baseOffset, int partitionLeaderEpoch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, baseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.PartitionLeaderEpochOffset..], partitionLeaderEpoch);
    }

    /// <summary>
    /// Sets the timestamp type and the max timestamp, and the CRC if either changed. A log-append time is set this way, and so is
    /// a max timestamp that the producer left wrong.
    /// </summary>
    /// <returns>Whether anything changed.</returns>
    public static bool SetMaxTimestamp(Span<byte> batch, TimestampType type, long maxTimestamp)
    {
        var header = new RecordBatchHeader(batch);
        if (header.TimestampType == type && header.MaxTimestamp == maxTimestamp) return false;

        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchFormat.AttributesOffset..], header.Attributes.With(type).Value);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchFormat.MaxTimestampOffset..], maxTimestamp);
        SetCrc(batch);
        return true;
    }

    /// <summary>Sets the compression, the length to that of <paramref name="batch"/>, and the CRC.</summary>
    internal static void SetCompression(Span<byte> batch, Compression.CompressionType type)
    {
        int attributes = new RecordBatchHeader(batch).Attributes.Value & ~RecordBatchAttributes.CompressionMask;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchFormat.AttributesOffset..], (short)(attributes | (int)type));
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.LengthOffset..], batch.Length - RecordBatchFormat.LogOverhead);
        SetCrc(batch);
    }

    /// <summary>Computes the CRC anew and stores it.</summary>
    public static void SetCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatchFormat.CrcOffset..], new RecordBatchHeader(batch).ComputeCrc());
}
