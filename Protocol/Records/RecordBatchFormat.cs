namespace KBroker.Protocol.Records;

/// <summary>
/// Where each field of a record batch lies, magic 2 (KIP-98). All integers are big-endian; offsets are in bytes from the
/// batch's start. The CRC-32C covers everything from <see cref="AttributesOffset"/> to the end, so base offset and leader
/// epoch can be stamped without touching it.
/// </summary>
public static class RecordBatchFormat
{
    /// <summary>Base offset, int64.</summary>
    public const int BaseOffsetOffset = 0;

    /// <summary>Length of what follows this field, int32.</summary>
    public const int LengthOffset = 8;

    /// <summary>Partition leader epoch, int32 (magic 2); the CRC of older magics lies here.</summary>
    public const int PartitionLeaderEpochOffset = 12;

    /// <summary>Magic, int8: at the same place in every format.</summary>
    public const int MagicOffset = 16;

    /// <summary>CRC-32C, uint32.</summary>
    public const int CrcOffset = 17;

    /// <summary>Attributes, int16.</summary>
    public const int AttributesOffset = 21;

    /// <summary>Last offset delta, int32.</summary>
    public const int LastOffsetDeltaOffset = 23;

    /// <summary>Base timestamp, int64, milliseconds since the epoch.</summary>
    public const int BaseTimestampOffset = 27;

    /// <summary>Max timestamp, int64, milliseconds since the epoch.</summary>
    public const int MaxTimestampOffset = 35;

    /// <summary>Producer id, int64.</summary>
    public const int ProducerIdOffset = 43;

    /// <summary>Producer epoch, int16.</summary>
    public const int ProducerEpochOffset = 51;

    /// <summary>Base sequence, int32.</summary>
    public const int BaseSequenceOffset = 53;

    /// <summary>Record count, int32.</summary>
    public const int RecordCountOffset = 57;

    /// <summary>Where the records start: the size of the header of an empty batch.</summary>
    public const int RecordsOffset = 61;

    /// <summary>Base offset and length: what the length field does not count.</summary>
    public const int LogOverhead = 12;

    /// <summary>The smallest value of the length field: a header without records.</summary>
    public const int MinLength = RecordsOffset - LogOverhead;

    /// <summary>The bytes from a batch's start through its magic: enough to tell what follows, in every format.</summary>
    public const int HeaderUpToMagic = MagicOffset + 1;

    /// <summary>The value of an absent producer id, timestamp or offset.</summary>
    public const long None = -1;

    /// <summary>The magic that this broker writes.</summary>
    public const byte CurrentMagic = 2;
}
