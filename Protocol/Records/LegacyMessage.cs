using System.Buffers.Binary;
using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>A view of one message of magic 0 or 1 whose key and value are known to fit it.</summary>
internal readonly ref struct LegacyMessage
{
    private LegacyMessage(ReadOnlySpan<byte> bytes, bool hasKey, ReadOnlySpan<byte> key, bool hasValue, ReadOnlySpan<byte> value)
    {
        Bytes = bytes;
        HasKey = hasKey;
        Key = key;
        HasValue = hasValue;
        Value = value;
    }

    public ReadOnlySpan<byte> Bytes { get; }

    public long Offset => BinaryPrimitives.ReadInt64BigEndian(Bytes);

    public byte Magic => Bytes[RecordBatchFormat.MagicOffset];

    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(Bytes[LegacyMessageFormat.CrcOffset..]);

    public RecordBatchAttributes Attributes => new((short)(Bytes[LegacyMessageFormat.AttributesOffset] & LegacyMessageFormat.AttributesMask));

    public CompressionType CompressionType => Attributes.CompressionType;

    public long Timestamp => Magic == 0
        ? RecordBatchFormat.None
        : BinaryPrimitives.ReadInt64BigEndian(Bytes[LegacyMessageFormat.TimestampOffset..]);

    public bool HasKey { get; }

    public ReadOnlySpan<byte> Key { get; }

    public bool HasValue { get; }

    public ReadOnlySpan<byte> Value { get; }

    public bool IsCrcValid => Crc32.Compute(Bytes[RecordBatchFormat.MagicOffset..]) == Crc;

    /// <summary>Reads the whole message that <paramref name="bytes"/> is; false if its fields do not fit it exactly.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LegacyMessage message)
    {
        message = default;
        byte magic = bytes[RecordBatchFormat.MagicOffset];
        int at = LegacyMessageFormat.KeyOffset(magic);
        if (!TryReadField(bytes, ref at, out bool hasKey, out ReadOnlySpan<byte> key)) return false;
        if (!TryReadField(bytes, ref at, out bool hasValue, out ReadOnlySpan<byte> value) || at != bytes.Length) return false;
        message = new LegacyMessage(bytes, hasKey, key, hasValue, value);
        return true;
    }

    private static bool TryReadField(ReadOnlySpan<byte> bytes, scoped ref int at, out bool isPresent, out ReadOnlySpan<byte> field)
    {
        isPresent = false;
        field = default;
        if (bytes.Length - at < sizeof(int)) return false;
        int length = BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);
        at += sizeof(int);
        if (length < 0) return length == -1;
        if (length > bytes.Length - at) return false;
        isPresent = true;
        field = bytes.Slice(at, length);
        at += length;
        return true;
    }
}
