using System.Buffers.Binary;

namespace KBroker.TestKit.Golden;

/// <summary>The marker of a control batch.</summary>
internal readonly record struct KafkaMarker(bool IsAbort, int CoordinatorEpoch, long Timestamp);

/// <summary>A batch or an old message of a segment, read byte by byte as Kafka's own checks want it.</summary>
internal sealed record KafkaBatch(int Position, int Size, long BaseOffset, long LastOffset, long MaxTimestamp, int Epoch)
{
    private const int HeaderSize = 61;
    private const int SmallestMessage = 26;

    public long ProducerId { get; init; } = -1;

    public short ProducerEpoch { get; init; } = -1;

    public int LastSequence { get; init; } = -1;

    public bool IsTransactional { get; init; }

    public bool IsControl { get; init; }

    /// <summary>The marker of a control batch; null when compaction has taken it, and for data.</summary>
    public KafkaMarker? Marker { get; init; }

    /// <summary>The batches of a segment, which must fill the file to its last byte.</summary>
    public static List<KafkaBatch> ReadAll(string file, byte[] log)
    {
        var batches = new List<KafkaBatch>();
        for (int position = 0; position < log.Length; position += batches[^1].Size) batches.Add(Read(file, log, position));
        return batches;
    }

    private static KafkaBatch Read(string file, byte[] log, int position)
    {
        string at = $"the batch at {position}";
        ReadOnlySpan<byte> rest = log.AsSpan(position);
        KafkaRefusesException.If(rest.Length < 17, file, $"{rest.Length} bytes at {position} are no batch");
        long size = 12L + BinaryPrimitives.ReadInt32BigEndian(rest[8..]);
        KafkaRefusesException.If(size > rest.Length, file, $"{at} says it has {size} bytes, there are {rest.Length}");
        if (rest[16] < 2) return ReadMessage(file, rest, position, size);
        KafkaRefusesException.If(rest[16] != 2, file, $"{at} has magic {rest[16]}");
        KafkaRefusesException.If(size < HeaderSize, file, $"{at} has {size} bytes, less than a header");
        ReadOnlySpan<byte> batch = rest[..(int)size];
        uint crc = BinaryPrimitives.ReadUInt32BigEndian(batch[17..]);
        KafkaRefusesException.If(crc != GoldenBytes.Crc32C(batch[21..]), file, $"{at} has another CRC than its bytes");
        short attributes = BinaryPrimitives.ReadInt16BigEndian(batch[21..]);
        KafkaRefusesException.If((attributes & 7) > 4, file, $"{at} has codec {attributes & 7}");
        KafkaRefusesException.If((attributes & ~0x7F) != 0, file, $"{at} has unknown attributes {attributes:X4}");
        long baseOffset = BinaryPrimitives.ReadInt64BigEndian(batch);
        int delta = BinaryPrimitives.ReadInt32BigEndian(batch[23..]);
        int count = BinaryPrimitives.ReadInt32BigEndian(batch[57..]);
        KafkaRefusesException.If(baseOffset < 0 || delta < 0 || count < 0 || count > (long)delta + 1, file, $"{at} holds {count} records in {delta + 1L} offsets from {baseOffset}");
        int sequence = BinaryPrimitives.ReadInt32BigEndian(batch[53..]);
        long baseTimestamp = BinaryPrimitives.ReadInt64BigEndian(batch[27..]);
        bool isControl = (attributes & 0x20) != 0;
        KafkaMarker? marker = null;
        if ((attributes & 7) == 0) marker = ReadRecords(file, at, batch[HeaderSize..], count, delta, baseTimestamp, isControl);
        return new KafkaBatch(position, (int)size, baseOffset, baseOffset + delta, BinaryPrimitives.ReadInt64BigEndian(batch[35..]), BinaryPrimitives.ReadInt32BigEndian(batch[12..]))
        {
            ProducerId = BinaryPrimitives.ReadInt64BigEndian(batch[43..]),
            ProducerEpoch = BinaryPrimitives.ReadInt16BigEndian(batch[51..]),
            // The sequence that follows the largest is 0.
            LastSequence = sequence < 0 ? -1 : (int)(((long)sequence + delta) & int.MaxValue),
            IsTransactional = (attributes & 0x10) != 0,
            IsControl = isControl,
            Marker = marker,
        };
    }

    private static KafkaBatch ReadMessage(string file, ReadOnlySpan<byte> rest, int position, long size)
    {
        KafkaRefusesException.If(size < SmallestMessage, file, $"the message at {position} has {size} bytes");
        ReadOnlySpan<byte> message = rest[..(int)size];
        KafkaRefusesException.If(
            BinaryPrimitives.ReadUInt32BigEndian(message[12..]) != GoldenBytes.Crc32(message[16..]), file, $"the message at {position} has another CRC than its bytes");
        long offset = BinaryPrimitives.ReadInt64BigEndian(message);
        long timestamp = message[16] == 0 ? -1 : BinaryPrimitives.ReadInt64BigEndian(message[18..]);
        return new KafkaBatch(position, (int)size, offset, offset, timestamp, -1);
    }

    private static KafkaMarker? ReadRecords(string file, string at, ReadOnlySpan<byte> bytes, int count, int delta, long baseTimestamp, bool isControl)
    {
        KafkaMarker? marker = null;
        long last = -1;
        for (int i = 0; i < count; i++)
        {
            long size = Varint(ref bytes);
            KafkaRefusesException.If(size < 6 || size > bytes.Length, file, $"record {i} of {at} says it has {size} bytes");
            ReadOnlySpan<byte> record = bytes[1..(int)size];
            bytes = bytes[(int)size..];
            long timestamp = baseTimestamp + Varint(ref record);
            long offset = Varint(ref record);
            KafkaRefusesException.If(offset <= last || offset > delta, file, $"record {i} of {at} has the offset delta {offset} after {last}");
            last = offset;
            ReadOnlySpan<byte> key = Sized(ref record);
            ReadOnlySpan<byte> value = Sized(ref record);
            if (!isControl) continue;
            KafkaRefusesException.If(key.Length < 4 || value.Length < 6, file, $"{at} is no marker of a transaction");
            short type = BinaryPrimitives.ReadInt16BigEndian(key[2..]);
            KafkaRefusesException.If(type is not (0 or 1), file, $"{at} is a marker of type {type}");
            marker = new KafkaMarker(type == 0, BinaryPrimitives.ReadInt32BigEndian(value[2..]), timestamp);
        }

        KafkaRefusesException.If(!bytes.IsEmpty, file, $"{bytes.Length} bytes follow the {count} records of {at}");
        return marker;
    }

    private static ReadOnlySpan<byte> Sized(ref ReadOnlySpan<byte> bytes)
    {
        long size = Varint(ref bytes);
        if (size <= 0) return default;
        ReadOnlySpan<byte> sized = bytes[..(int)size];
        bytes = bytes[(int)size..];
        return sized;
    }

    private static long Varint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte one = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80) return (long)(value >> 1) ^ -(long)(value & 1);
        }
    }
}
