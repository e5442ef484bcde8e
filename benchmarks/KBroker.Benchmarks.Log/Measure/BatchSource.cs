using System.Buffers.Binary;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;

namespace KBroker.Benchmarks.Log.Measure;

/// <summary>One uncompressed batch of an exact size, whose records lie a millisecond apart and whose start can be moved in time.</summary>
internal sealed class BatchSource
{
    private readonly byte[] _bytes;

    public BatchSource(int size, int recordSize)
    {
        _bytes = new byte[size];
        new Random(size).NextBytes(_bytes.AsSpan(RecordBatchFormat.RecordsOffset));
        int at = RecordBatchFormat.RecordsOffset;
        while (at < size)
        {
            int left = size - at;
            int length = left < recordSize * 2 ? left : recordSize;
            WriteRecord(_bytes.AsSpan(at, length), Records++);
            at += length;
        }

        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(RecordBatchFormat.LengthOffset), size - RecordBatchFormat.LogOverhead);
        _bytes[RecordBatchFormat.MagicOffset] = RecordBatchFormat.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(_bytes.AsSpan(RecordBatchFormat.AttributesOffset), 0);
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(RecordBatchFormat.LastOffsetDeltaOffset), Records - 1);
        BinaryPrimitives.WriteInt64BigEndian(_bytes.AsSpan(RecordBatchFormat.ProducerIdOffset), -1);
        BinaryPrimitives.WriteInt16BigEndian(_bytes.AsSpan(RecordBatchFormat.ProducerEpochOffset), -1);
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(RecordBatchFormat.BaseSequenceOffset), -1);
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(RecordBatchFormat.RecordCountOffset), Records);
        StartAt(0);
    }

    public int Records { get; }

    public Span<byte> Bytes => _bytes;

    /// <summary>Gives the first record this timestamp (milliseconds) and the others the following ones.</summary>
    public void StartAt(long timestamp)
    {
        BinaryPrimitives.WriteInt64BigEndian(_bytes.AsSpan(RecordBatchFormat.BaseTimestampOffset), timestamp);
        BinaryPrimitives.WriteInt64BigEndian(_bytes.AsSpan(RecordBatchFormat.MaxTimestampOffset), timestamp + Records - 1);
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(RecordBatchFormat.CrcOffset), Crc(_bytes));
    }

    public bool IsCrcValid() => BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(RecordBatchFormat.CrcOffset)) == Crc(_bytes);

    private static uint Crc(ReadOnlySpan<byte> batch) => Crc32C.Compute(batch[RecordBatchFormat.AttributesOffset..]);

    private static void WriteRecord(Span<byte> record, int number)
    {
        int at = VarInt.Write(record, WithoutItsLength(record.Length));
        record[at++] = 0;
        at += VarInt.Write(record[at..], number);
        at += VarInt.Write(record[at..], number);
        at += VarInt.Write(record[at..], -1);
        int value = WithoutItsLength(record.Length - at - 1);
        at += VarInt.Write(record[at..], value) + value;
        record[at] = 0;
    }

    private static int WithoutItsLength(int size)
    {
        for (int prefix = 1; prefix <= VarInt.MaxBytes32; prefix++)
        {
            if (VarInt.SizeOf(size - prefix) == prefix) return size - prefix;
        }

        throw new ArgumentOutOfRangeException(nameof(size), size, "no length prefix gives this size");
    }
}
