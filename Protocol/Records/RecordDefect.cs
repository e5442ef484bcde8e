namespace KBroker.Protocol.Records;

/// <summary>What is wrong with the bytes of a record.</summary>
internal enum RecordDefect
{
    None,
    TruncatedRecord,
    InvalidRecordSize,
    InvalidField,
    InvalidKeyLength,
    InvalidValueLength,
    InvalidHeaderCount,
    InvalidHeaderKeyLength,
    InvalidHeaderValueLength,
    SizeMismatch,
    CorruptCompression,
    OutputLimit,
}
