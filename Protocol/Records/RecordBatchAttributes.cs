using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>
/// The attribute bits of a record batch. Older magics have the low four only, in a single byte.
/// </summary>
/// <param name="Value">The bits as they lie in the batch.</param>
public readonly record struct RecordBatchAttributes(short Value)
{
    internal const int CompressionMask = 0x07;
    internal const int TimestampTypeBit = 0x08;
    internal const int TransactionalBit = 0x10;
    internal const int ControlBit = 0x20;
    internal const int DeleteHorizonBit = 0x40;

    /// <summary>Builds the bits.</summary>
    public RecordBatchAttributes(
        CompressionType compression,
        TimestampType timestampType = TimestampType.CreateTime,
        bool isTransactional = false,
        bool isControl = false,
        bool hasDeleteHorizon = false)
        : this((short)(((int)compression & CompressionMask)
            | (timestampType == TimestampType.LogAppendTime ? TimestampTypeBit : 0)
            | (isTransactional ? TransactionalBit : 0)
            | (isControl ? ControlBit : 0)
            | (hasDeleteHorizon ? DeleteHorizonBit : 0)))
    {
    }

    /// <summary>The compression; a value above <see cref="CompressionType.Zstd"/> is one that nobody assigned.</summary>
    public CompressionType CompressionType => (CompressionType)(Value & CompressionMask);

    /// <summary>Whether records are compressed, by whatever codec.</summary>
    public bool IsCompressed => (Value & CompressionMask) != 0;

    /// <summary>What the timestamps are.</summary>
    public TimestampType TimestampType => (Value & TimestampTypeBit) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>Whether the batch belongs to a transaction (KIP-98).</summary>
    public bool IsTransactional => (Value & TransactionalBit) != 0;

    /// <summary>Whether the batch holds a control record, such as a transaction marker, which only brokers write.</summary>
    public bool IsControl => (Value & ControlBit) != 0;

    /// <summary>Whether the base timestamp is the time after which compaction may drop the batch's tombstones (KIP-534).</summary>
    public bool HasDeleteHorizon => (Value & DeleteHorizonBit) != 0;

    /// <summary>The same bits with another timestamp type.</summary>
    public RecordBatchAttributes With(TimestampType type) =>
        new((short)((Value & ~TimestampTypeBit) | (type == TimestampType.LogAppendTime ? TimestampTypeBit : 0)));
}
