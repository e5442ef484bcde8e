using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>What appending needs to know of a valid batch.</summary>
public readonly record struct RecordBatchSummary
{
    /// <summary>The bytes of the batch.</summary>
    public int SizeInBytes { get; init; }

    /// <summary>The number of records, at least 1; the last offset is this less one above the base offset.</summary>
    public int RecordCount { get; init; }

    /// <summary>
    /// The largest timestamp of the records, in milliseconds, or -1. With log-append time it counts for nothing: the appender stamps
    /// its own.
    /// </summary>
    public long MaxTimestamp { get; init; }

    /// <summary>The offset, less the base offset, of the first record that has <see cref="MaxTimestamp"/>.</summary>
    public int MaxTimestampOffsetDelta { get; init; }

    /// <summary>
    /// Whether the header says otherwise than <see cref="MaxTimestamp"/> and must be put right by
    /// <see cref="RecordBatchStamp.SetMaxTimestamp"/> before the batch is appended.
    /// </summary>
    public bool IsMaxTimestampWrong { get; init; }

    /// <summary>How the records are compressed.</summary>
    public CompressionType CompressionType { get; init; }

    /// <summary>The producer id, or -1.</summary>
    public long ProducerId { get; init; }

    /// <summary>The producer epoch, or -1.</summary>
    public short ProducerEpoch { get; init; }

    /// <summary>The sequence of the first record, or -1.</summary>
    public int BaseSequence { get; init; }

    /// <summary>Whether the batch belongs to a transaction.</summary>
    public bool IsTransactional { get; init; }

    /// <summary>Whether a producer id is set.</summary>
    public bool HasProducerId => ProducerId >= 0;
}
