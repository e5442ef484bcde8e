using System.Buffers.Binary;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// What the log needs to know of a batch, read from its first bytes; magic 0 and 1 are single messages or wrappers, whose
/// offset field is the last offset and which have no producer. The sequence is that of the first record, -1 for none.
/// </summary>
internal readonly record struct BatchHeader(
    long BaseOffset, long LastOffset, int SizeInBytes, byte Magic, int LeaderEpoch, short Attributes, long MaxTimestamp,
    long ProducerId = RecordBatchFormat.None, short ProducerEpoch = -1, int BaseSequence = ProducerSequence.None)
{
    /// <summary>As many bytes as any header needs.</summary>
    public const int MaxHeaderSize = RecordBatchFormat.RecordsOffset;

    /// <summary>Offset, size, CRC, magic, attributes, key length and value length of magic 0.</summary>
    public const int MinBatchSize = 26;

    private const int LegacyMinSizeWithTimestamp = 34;
    private const int LegacyAttributesOffset = 17;
    private const int LegacyTimestampOffset = 18;

    public long NextOffset => LastOffset + 1;

    public bool HasProducerId => ProducerId >= 0;

    /// <summary>The sequence of the last record; -1 when the batch carries none.</summary>
    public int LastSequence => BaseSequence < 0 ? ProducerSequence.None : ProducerSequence.Add(BaseSequence, (int)(LastOffset - BaseOffset));

    public bool IsTransactional => Magic == RecordBatchFormat.CurrentMagic && new RecordBatchAttributes(Attributes).IsTransactional;

    public bool IsControl => Magic == RecordBatchFormat.CurrentMagic && new RecordBatchAttributes(Attributes).IsControl;

    /// <summary>
    /// False when the bytes cannot be the start of a batch: too few, an unknown magic, or fields that contradict each other.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out BatchHeader header)
    {
        header = default;
        if (bytes.Length < MinBatchSize) return false;
        long offset = BinaryPrimitives.ReadInt64BigEndian(bytes);
        int length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchFormat.LengthOffset..]);
        byte magic = bytes[RecordBatchFormat.MagicOffset];
        if (offset < 0 || length < 0 || length > int.MaxValue - RecordBatchFormat.LogOverhead) return false;
        int size = length + RecordBatchFormat.LogOverhead;
        return magic switch
        {
            RecordBatchFormat.CurrentMagic => TryParseCurrent(bytes, offset, size, out header),
            0 or 1 => TryParseLegacy(bytes, offset, size, magic, out header),
            _ => false,
        };
    }

    private static bool TryParseCurrent(ReadOnlySpan<byte> bytes, long offset, int size, out BatchHeader header)
    {
        header = default;
        if (bytes.Length < MaxHeaderSize || size < MaxHeaderSize) return false;
        int delta = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchFormat.LastOffsetDeltaOffset..]);
        if (delta < 0 || offset > long.MaxValue - delta - 1) return false;
        header = new BatchHeader(
            offset,
            offset + delta,
            size,
            RecordBatchFormat.CurrentMagic,
            BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchFormat.PartitionLeaderEpochOffset..]),
            BinaryPrimitives.ReadInt16BigEndian(bytes[RecordBatchFormat.AttributesOffset..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[RecordBatchFormat.MaxTimestampOffset..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[RecordBatchFormat.ProducerIdOffset..]),
            BinaryPrimitives.ReadInt16BigEndian(bytes[RecordBatchFormat.ProducerEpochOffset..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchFormat.BaseSequenceOffset..]));
        return true;
    }

    private static bool TryParseLegacy(ReadOnlySpan<byte> bytes, long offset, int size, byte magic, out BatchHeader header)
    {
        header = default;
        if (size < (magic == 0 ? MinBatchSize : LegacyMinSizeWithTimestamp) || offset == long.MaxValue) return false;
        if (magic == 1 && bytes.Length < LegacyTimestampOffset + sizeof(long)) return false;
        long timestamp = magic == 0 ? -1 : BinaryPrimitives.ReadInt64BigEndian(bytes[LegacyTimestampOffset..]);
        header = new BatchHeader(offset, offset, size, magic, -1, bytes[LegacyAttributesOffset], timestamp);
        return true;
    }
}
