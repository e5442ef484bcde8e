namespace KBroker.Broker.Configuration;

/// <summary>The effective settings of one topic. Times are milliseconds, sizes bytes; -1 stands for "no limit" where a member says so.</summary>
public sealed record TopicConfig
{
    /// <summary>Whether old segments are deleted.</summary>
    public required bool Delete { get; init; }

    /// <summary>Whether the log is compacted by key.</summary>
    public required bool Compact { get; init; }

    /// <summary>The codec to store in: <c>producer</c>, <c>uncompressed</c>, or a codec's name.</summary>
    public required string CompressionType { get; init; }

    /// <summary>The level for gzip: 1 to 9, or -1 for the library's default.</summary>
    public required int CompressionGzipLevel { get; init; }

    /// <summary>The level for lz4, 1 to 17.</summary>
    public required int CompressionLz4Level { get; init; }

    /// <summary>The level for zstd, -131072 to 22.</summary>
    public required int CompressionZstdLevel { get; init; }

    /// <summary>How long tombstones stay.</summary>
    public required long DeleteRetentionMs { get; init; }

    /// <summary>The delay before a deleted segment's file is removed.</summary>
    public required long FileDeleteDelayMs { get; init; }

    /// <summary>Whether acks=1 and acks=all answer, and consumers see, only what is on the disk.</summary>
    public required bool FlushBeforeAck { get; init; }

    /// <summary>Flush after this many records.</summary>
    public required long FlushMessages { get; init; }

    /// <summary>Flush after this long.</summary>
    public required long FlushMs { get; init; }

    /// <summary>Bytes of log between two index entries.</summary>
    public required int IndexIntervalBytes { get; init; }

    /// <summary>When a record must become eligible for compaction.</summary>
    public required long MaxCompactionLagMs { get; init; }

    /// <summary>The largest record batch.</summary>
    public required int MaxMessageBytes { get; init; }

    /// <summary>Whether the broker's clock stamps records, instead of the producer's.</summary>
    public required bool LogAppendTime { get; init; }

    /// <summary>How far a record's time may lie before the broker's.</summary>
    public required long MessageTimestampBeforeMaxMs { get; init; }

    /// <summary>How far a record's time may lie after the broker's.</summary>
    public required long MessageTimestampAfterMaxMs { get; init; }

    /// <summary>The share of dirty log at which compaction starts, 0 to 1.</summary>
    public required double MinCleanableDirtyRatio { get; init; }

    /// <summary>How long a record is safe from compaction.</summary>
    public required long MinCompactionLagMs { get; init; }

    /// <summary>Replicas that must have a record before acks=all is answered.</summary>
    public required int MinInsyncReplicas { get; init; }

    /// <summary>Whether a new segment gets its full size at once.</summary>
    public required bool Preallocate { get; init; }

    /// <summary>Bytes kept per partition; negative without limit.</summary>
    public required long RetentionBytes { get; init; }

    /// <summary>How long records are kept; -1 without limit.</summary>
    public required long RetentionMs { get; init; }

    /// <summary>The size at which a segment is closed.</summary>
    public required int SegmentBytes { get; init; }

    /// <summary>The age at which a segment is closed.</summary>
    public required long SegmentMs { get; init; }

    /// <summary>How much at most is taken off <see cref="SegmentMs"/> at random.</summary>
    public required long SegmentJitterMs { get; init; }

    /// <summary>The largest index file.</summary>
    public required int SegmentIndexBytes { get; init; }

    /// <summary>Whether a replica that was not in sync may become leader.</summary>
    public required bool UncleanLeaderElection { get; init; }

    /// <summary>Whether closed segments go to remote storage.</summary>
    public required bool RemoteStorage { get; init; }

    /// <summary>Bytes that stay on local disk under remote storage; -1 without limit.</summary>
    public required long LocalRetentionBytes { get; init; }

    /// <summary>How long records stay on local disk under remote storage; -1 without limit.</summary>
    public required long LocalRetentionMs { get; init; }
}
