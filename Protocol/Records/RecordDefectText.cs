namespace KBroker.Protocol.Records;

/// <summary>Words for a defect, as a producer reads them in the response.</summary>
internal static class RecordDefectText
{
    public static string Describe(this RecordDefect defect) => defect switch
    {
        RecordDefect.TruncatedRecord => "the record is longer than the batch",
        RecordDefect.InvalidRecordSize => "the record's length is too small for its fields",
        RecordDefect.InvalidField => "a field is cut off or is no variable-length integer",
        RecordDefect.InvalidKeyLength => "the key is longer than the record, or its length is negative",
        RecordDefect.InvalidValueLength => "the value is longer than the record, or its length is negative",
        RecordDefect.InvalidHeaderCount => "there are more headers than fit the record, or their number is negative",
        RecordDefect.InvalidHeaderKeyLength => "a header's key is null or longer than the record",
        RecordDefect.InvalidHeaderValueLength => "a header's value is longer than the record",
        RecordDefect.SizeMismatch => "the record's fields end before the record does",
        RecordDefect.CorruptCompression => "the compressed records cannot be decompressed",
        RecordDefect.OutputLimit => "the records take more bytes than allowed when decompressed",
        _ => defect.ToString(),
    };
}
