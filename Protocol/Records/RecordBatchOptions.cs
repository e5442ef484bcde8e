namespace KBroker.Protocol.Records;

/// <summary>The header of a batch to be built. What is not given follows from the records.</summary>
public sealed record RecordBatchOptions
{
    /// <summary>The offset of the first record; 0 from a producer.</summary>
    public long BaseOffset { get; init; }

    /// <summary>The last offset, where compaction removed the record that had it; by default that of the last record.</summary>
    public long? LastOffset { get; init; }

    /// <summary>The leader epoch; -1 from a producer.</summary>
    public int PartitionLeaderEpoch { get; init; } = -1;

    /// <summary>How the records are compressed.</summary>
    public Compression.CompressionType CompressionType { get; init; } = Compression.CompressionType.None;

    /// <summary>What the timestamps are. With log-append time, give <see cref="MaxTimestamp"/>.</summary>
    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary>The max timestamp in milliseconds; by default the largest of the records, or -1.</summary>
    public long? MaxTimestamp { get; init; }

    /// <summary>The delete horizon in milliseconds (KIP-534), from which the timestamps then count.</summary>
    public long? DeleteHorizonMs { get; init; }

    /// <summary>The producer id, or -1.</summary>
    public long ProducerId { get; init; } = -1;

    /// <summary>The producer epoch, or -1.</summary>
    public short ProducerEpoch { get; init; } = -1;

    /// <summary>The sequence of the record at the base offset, or -1.</summary>
    public int BaseSequence { get; init; } = -1;

    /// <summary>Whether the batch belongs to a transaction.</summary>
    public bool IsTransactional { get; init; }

    /// <summary>Whether the batch holds a control record.</summary>
    public bool IsControl { get; init; }
}
