using System.Buffers.Binary;
using KBroker.Protocol.Records;

namespace KBroker.Fuzz.Tests.Mutation;

/// <summary>Damages record batches; most of them get a right CRC again, so that what lies behind it is reached.</summary>
internal static class BatchMutator
{
    private static readonly (int Offset, int Width)[] HeaderFields =
    [
        (RecordBatchFormat.BaseOffsetOffset, 8), (RecordBatchFormat.LengthOffset, 4), (RecordBatchFormat.PartitionLeaderEpochOffset, 4),
        (RecordBatchFormat.MagicOffset, 1), (RecordBatchFormat.CrcOffset, 4), (RecordBatchFormat.AttributesOffset, 2),
        (RecordBatchFormat.LastOffsetDeltaOffset, 4), (RecordBatchFormat.BaseTimestampOffset, 8), (RecordBatchFormat.MaxTimestampOffset, 8),
        (RecordBatchFormat.ProducerIdOffset, 8), (RecordBatchFormat.ProducerEpochOffset, 2), (RecordBatchFormat.BaseSequenceOffset, 4),
        (RecordBatchFormat.RecordCountOffset, 4),
    ];

    /// <summary>Changes the batch; the result may have another length.</summary>
    public static byte[] Mutate(byte[] batch, Random random)
    {
        switch (random.Next(7))
        {
            case 0 when batch.Length >= RecordBatchFormat.RecordsOffset:
                (int offset, int width) = HeaderFields[random.Next(HeaderFields.Length)];
                WriteNumber(batch.AsSpan(offset, width), HostileValues.Number(random));
                break;
            case 1 when batch.Length >= RecordBatchFormat.RecordsOffset:
                batch[RecordBatchFormat.AttributesOffset + 1] = (byte)random.Next(256);
                break;
            case 2 when batch.Length > RecordBatchFormat.RecordsOffset:
                batch[random.Next(RecordBatchFormat.RecordsOffset, batch.Length)] = (byte)random.Next(256);
                break;
            case 3 when batch.Length > 1:
                batch = batch[..random.Next(1, batch.Length)];
                FixLength(batch, random);
                break;
            case 4:
                batch = [.. batch, .. batch];
                break;
            case 5 when batch.Length > RecordBatchFormat.RecordsOffset:
                batch[RecordBatchFormat.RecordsOffset + random.Next(Math.Min(12, batch.Length - RecordBatchFormat.RecordsOffset))] =
                    (byte)HostileValues.Number(random);
                break;
            default:
                var tail = new byte[random.Next(1, 20)];
                random.NextBytes(tail);
                batch = [.. batch, .. tail];
                FixLength(batch, random);
                break;
        }

        if (batch.Length >= RecordBatchFormat.RecordsOffset && random.Next(8) != 0) Seal(batch);
        return batch;
    }

    public static void WriteNumber(Span<byte> field, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        bytes[(8 - Math.Min(8, field.Length))..].CopyTo(field);
    }

    private static void FixLength(byte[] batch, Random random)
    {
        if (batch.Length >= RecordBatchFormat.RecordsOffset && random.Next(3) != 0)
            WriteNumber(batch.AsSpan(RecordBatchFormat.LengthOffset, 4), batch.Length - RecordBatchFormat.LogOverhead);
    }

    private static void Seal(byte[] batch) => BinaryPrimitives.WriteUInt32BigEndian(
        batch.AsSpan(RecordBatchFormat.CrcOffset), Crc32C.Compute(batch.AsSpan(RecordBatchFormat.AttributesOffset)));
}
