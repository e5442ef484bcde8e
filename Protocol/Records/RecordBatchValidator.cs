using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>
/// Checks the records that a producer sends for one partition, before any lock is taken: exactly one batch of magic 2 whose header,
/// CRC and every record agree. The first rule that is broken gives the error code. Safe for concurrent use.
/// </summary>
public sealed class RecordBatchValidator
{
    /// <summary>The most records that a refusal names one by one.</summary>
    public const int MaxRecordErrors = 100;

    private readonly RecordWalk _walk;

    /// <summary>A validator that looks into compressed batches through <paramref name="codecs"/>.</summary>
    public RecordBatchValidator(CompressionCodecs codecs) => _walk = new RecordWalk(codecs);

    /// <summary>
    /// Checks the <c>records</c> field of one partition. Allocates nothing for a valid uncompressed batch. Never throws on what the
    /// bytes say.
    /// </summary>
    public RecordBatchValidation Validate(ReadOnlySpan<byte> records, in RecordValidationOptions options)
    {
        (ErrorCode code, string? message) = CheckFraming(records);
        if (code != ErrorCode.None) return RecordBatchValidation.Refused(code, message!);

        var batch = new RecordBatchHeader(records);
        (code, message) = CheckHeader(batch, options);
        if (code != ErrorCode.None) return RecordBatchValidation.Refused(code, message!);

        return _walk.Check(batch, options);
    }

    private static (ErrorCode Code, string? Message) CheckFraming(ReadOnlySpan<byte> records)
    {
        if (records.IsEmpty) return (ErrorCode.InvalidRecord, "There is no record batch for the partition");
        if (records.Length < RecordBatchFormat.LogOverhead)
            return (ErrorCode.InvalidRecord, $"{records.Length} bytes are too few for a record batch");

        int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(records[RecordBatchFormat.LengthOffset..]);
        if (length < LegacyMessageFormat.MinLengthV0) return (ErrorCode.CorruptMessage, $"A record batch cannot have length {length}");
        if (records.Length < RecordBatchFormat.HeaderUpToMagic)
            return (ErrorCode.InvalidRecord, $"{records.Length} bytes are too few for a record batch");

        byte magic = records[RecordBatchFormat.MagicOffset];
        if (magic > RecordBatchFormat.CurrentMagic) return (ErrorCode.CorruptMessage, $"Unknown record format: magic {(sbyte)magic}");
        if (magic < RecordBatchFormat.CurrentMagic)
            return (ErrorCode.InvalidRecord, $"Records must be batches of magic 2, not messages of magic {magic}");
        if (length < RecordBatchFormat.MinLength) return (ErrorCode.CorruptMessage, $"A record batch cannot have length {length}");

        int rest = records.Length - RecordBatchFormat.LogOverhead;
        if (length > rest) return (ErrorCode.InvalidRecord, $"The record batch has length {length}, but only {rest} bytes are there");
        return length < rest ? CheckTrailing(records[(length + RecordBatchFormat.LogOverhead)..]) : default;
    }

    /// <summary>Nothing may follow the batch: bytes that would be dropped are not acknowledged.</summary>
    private static (ErrorCode Code, string? Message) CheckTrailing(ReadOnlySpan<byte> rest) =>
        RecordBatchEnumerator.Measure(rest, out _) == RecordBatchEnumeratorState.Corrupt
            ? (ErrorCode.CorruptMessage, $"{rest.Length} bytes after the record batch are not a batch")
            : (ErrorCode.InvalidRecord, "There must be exactly one record batch for each partition");

    private static (ErrorCode Code, string? Message) CheckHeader(RecordBatchHeader batch, in RecordValidationOptions options)
    {
        CompressionType compression = batch.CompressionType;
        if (compression == CompressionType.Zstd && options.ProduceVersion < 7)
            return (ErrorCode.UnsupportedCompressionType, $"Produce version {options.ProduceVersion} cannot carry zstd");
        if (batch.BaseOffset != 0)
            return (ErrorCode.InvalidRecord, $"The base offset must be 0, not {batch.BaseOffset}");
        if (batch.SizeInBytes > options.MaxMessageBytes)
        {
            return (
                ErrorCode.MessageTooLarge,
                $"The record batch has {batch.SizeInBytes} bytes, above the limit of {options.MaxMessageBytes}");
        }

        uint crc = batch.ComputeCrc();
        if (crc != batch.Crc)
            return (ErrorCode.CorruptMessage, $"The record batch is damaged: its CRC is {crc:x8}, its header says {batch.Crc:x8}");
        if (compression > CompressionType.Zstd)
            return (ErrorCode.UnsupportedCompressionType, $"Unknown compression type {(int)compression}");

        return CheckCounts(batch) is { } message ? (ErrorCode.InvalidRecord, message) : default;
    }

    private static string? CheckCounts(RecordBatchHeader batch)
    {
        int count = batch.RecordCount;
        if (count <= 0) return $"The record batch says it holds {count} records";
        if (batch.LastOffsetDelta != count - 1)
            return $"The record batch holds {count} records, but its last offset delta is {batch.LastOffsetDelta}";
        if (batch.IsControl) return "Producers may not write control batches";
        if (batch.HasProducerId && batch.ProducerEpoch < 0)
            return $"Producer {batch.ProducerId} has no epoch: {batch.ProducerEpoch}";
        if (batch.HasProducerId && batch.BaseSequence < 0)
            return $"Producer {batch.ProducerId} has no sequence: {batch.BaseSequence}";
        if (batch.IsTransactional && !batch.HasProducerId) return "A transactional batch needs a producer id";
        return null;
    }
}
