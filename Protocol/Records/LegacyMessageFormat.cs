namespace KBroker.Protocol.Records;

/// <summary>
/// Where each field of a message of magic 0 or 1 lies, the formats before KIP-98. Each message is a batch of its own; several
/// are compressed by putting them into the value of a wrapper message. The CRC-32 (zlib's) covers everything after itself.
/// </summary>
public static class LegacyMessageFormat
{
    /// <summary>CRC-32, uint32.</summary>
    public const int CrcOffset = 12;

    /// <summary>Attributes, int8.</summary>
    public const int AttributesOffset = 17;

    /// <summary>The attribute bits in use: compression and timestamp type.</summary>
    public const int AttributesMask = 0x0F;

    /// <summary>Timestamp, int64, magic 1 only (KIP-32).</summary>
    public const int TimestampOffset = 18;

    /// <summary>The smallest value of the length field, magic 0: null key, null value.</summary>
    public const int MinLengthV0 = 14;

    /// <summary>The smallest value of the length field, magic 1.</summary>
    public const int MinLengthV1 = 22;

    /// <summary>Where the key's length lies, int32: after it the key, the value's length and the value.</summary>
    public static int KeyOffset(byte magic) => magic == 0 ? TimestampOffset : TimestampOffset + sizeof(long);

    /// <summary>The smallest value of the length field.</summary>
    public static int MinLength(byte magic) => magic == 0 ? MinLengthV0 : MinLengthV1;
}
