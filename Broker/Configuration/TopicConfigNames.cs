namespace KBroker.Broker.Configuration;

/// <summary>The names of the topic settings that code asks for.</summary>
public static class TopicConfigNames
{
    /// <summary><c>cleanup.policy</c>.</summary>
    public const string CleanupPolicy = "cleanup.policy";

    /// <summary><c>compression.type</c>.</summary>
    public const string CompressionType = "compression.type";

    /// <summary><c>compression.gzip.level</c>.</summary>
    public const string CompressionGzipLevel = "compression.gzip.level";

    /// <summary><c>compression.lz4.level</c>.</summary>
    public const string CompressionLz4Level = "compression.lz4.level";

    /// <summary><c>compression.zstd.level</c>.</summary>
    public const string CompressionZstdLevel = "compression.zstd.level";

    /// <summary><c>delete.retention.ms</c>.</summary>
    public const string DeleteRetentionMs = "delete.retention.ms";

    /// <summary><c>file.delete.delay.ms</c>.</summary>
    public const string FileDeleteDelayMs = "file.delete.delay.ms";

    /// <summary><c>flush.messages</c>.</summary>
    public const string FlushMessages = "flush.messages";

    /// <summary><c>flush.ms</c>.</summary>
    public const string FlushMs = "flush.ms";

    /// <summary><c>kbroker.flush.before.ack</c>.</summary>
    public const string FlushBeforeAck = "kbroker.flush.before.ack";

    /// <summary><c>index.interval.bytes</c>.</summary>
    public const string IndexIntervalBytes = "index.interval.bytes";

    /// <summary><c>max.compaction.lag.ms</c>.</summary>
    public const string MaxCompactionLagMs = "max.compaction.lag.ms";

    /// <summary><c>max.message.bytes</c>.</summary>
    public const string MaxMessageBytes = "max.message.bytes";

    /// <summary><c>message.timestamp.type</c>.</summary>
    public const string MessageTimestampType = "message.timestamp.type";

    /// <summary><c>message.timestamp.difference.max.ms</c>, the older spelling of the two bounds below.</summary>
    public const string MessageTimestampDifferenceMaxMs = "message.timestamp.difference.max.ms";

    /// <summary><c>message.timestamp.before.max.ms</c>.</summary>
    public const string MessageTimestampBeforeMaxMs = "message.timestamp.before.max.ms";

    /// <summary><c>message.timestamp.after.max.ms</c>.</summary>
    public const string MessageTimestampAfterMaxMs = "message.timestamp.after.max.ms";

    /// <summary><c>min.cleanable.dirty.ratio</c>.</summary>
    public const string MinCleanableDirtyRatio = "min.cleanable.dirty.ratio";

    /// <summary><c>min.compaction.lag.ms</c>.</summary>
    public const string MinCompactionLagMs = "min.compaction.lag.ms";

    /// <summary><c>min.insync.replicas</c>.</summary>
    public const string MinInsyncReplicas = "min.insync.replicas";

    /// <summary><c>preallocate</c>.</summary>
    public const string Preallocate = "preallocate";

    /// <summary><c>remote.storage.enable</c>.</summary>
    public const string RemoteStorageEnable = "remote.storage.enable";

    /// <summary><c>remote.log.copy.disable</c>.</summary>
    public const string RemoteLogCopyDisable = "remote.log.copy.disable";

    /// <summary><c>remote.log.delete.on.disable</c>.</summary>
    public const string RemoteLogDeleteOnDisable = "remote.log.delete.on.disable";

    /// <summary><c>local.retention.bytes</c>.</summary>
    public const string LocalRetentionBytes = "local.retention.bytes";

    /// <summary><c>local.retention.ms</c>.</summary>
    public const string LocalRetentionMs = "local.retention.ms";

    /// <summary><c>retention.bytes</c>.</summary>
    public const string RetentionBytes = "retention.bytes";

    /// <summary><c>retention.ms</c>.</summary>
    public const string RetentionMs = "retention.ms";

    /// <summary><c>segment.bytes</c>.</summary>
    public const string SegmentBytes = "segment.bytes";

    /// <summary><c>segment.index.bytes</c>.</summary>
    public const string SegmentIndexBytes = "segment.index.bytes";

    /// <summary><c>segment.jitter.ms</c>.</summary>
    public const string SegmentJitterMs = "segment.jitter.ms";

    /// <summary><c>segment.ms</c>.</summary>
    public const string SegmentMs = "segment.ms";

    /// <summary><c>unclean.leader.election.enable</c>.</summary>
    public const string UncleanLeaderElectionEnable = "unclean.leader.election.enable";
}
