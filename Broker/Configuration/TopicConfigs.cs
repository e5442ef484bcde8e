using static KBroker.Broker.Configuration.TopicConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>All topic settings of Kafka 3.9, and KBroker's own: name, type, default, rule, meaning, and the broker settings their defaults come from.</summary>
public static class TopicConfigs
{
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const string NoLimit = "9223372036854775807";

    private static readonly ConfigValidator Positive = RangeValidator.AtLeast(1);
    private static readonly ConfigValidator NotNegative = RangeValidator.AtLeast(0);

    /// <summary>The table.</summary>
    public static ConfigTable Table { get; } = new(Cleanup(), Compression(), Flush(), Messages(), Retention(), Segments(), Replication());

    /// <summary>Checks one setting of a topic as CreateTopics and AlterConfigs must.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="value">Its new value; null stands for the default.</param>
    /// <returns>Kafka's message, to go with INVALID_CONFIG; null when the setting is allowed.</returns>
    public static string? Validate(string name, string? value)
    {
        if (!Table.TryGet(name, out ConfigDefinition? definition)) return $"Unknown topic config name: {name}";
        return value is null ? null : definition.TryParse(value, out _);
    }

    private static ConfigDefinition[] Cleanup() =>
    [
        new(CleanupPolicy, ConfigType.List, "delete",
            "How old data goes: 'delete' drops whole segments by age and size, 'compact' keeps the last value of each key, both may be combined.")
        {
            Validator = new ChoiceValidator("compact", "delete"),
            Synonyms = [new("log.cleanup.policy")],
        },
        new(DeleteRetentionMs, ConfigType.Long, "86400000",
            "Milliseconds that a tombstone of a compacted topic stays readable; a consumer that needs longer for a full read may miss deletes.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.cleaner.delete.retention.ms")],
        },
        new(MinCleanableDirtyRatio, ConfigType.Double, "0.5",
            "The share of a log not yet compacted at which compaction starts, from 0 to 1.")
        {
            Validator = RangeValidator.Between(0, 1),
            Synonyms = [new("log.cleaner.min.cleanable.ratio")],
        },
        new(MinCompactionLagMs, ConfigType.Long, "0", "Milliseconds for which a record is safe from compaction.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.cleaner.min.compaction.lag.ms")],
        },
        new(MaxCompactionLagMs, ConfigType.Long, NoLimit,
            "Milliseconds after which a record must become eligible for compaction, whatever the dirty ratio.")
        {
            Validator = Positive,
            Synonyms = [new("log.cleaner.max.compaction.lag.ms")],
        },
        new(FileDeleteDelayMs, ConfigType.Long, "60000", "Milliseconds between marking a segment file as deleted and removing it.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.segment.delete.delay.ms")],
        },
    ];

    private static ConfigDefinition[] Compression() =>
    [
        new(CompressionType, ConfigType.String, "producer",
            "The codec batches are stored in: a codec's name, 'uncompressed', or 'producer' to keep what the producer sent.")
        {
            Validator = new ChoiceValidator("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
            Synonyms = [new("compression.type")],
        },
        new(CompressionGzipLevel, ConfigType.Int, "-1", "The level the broker compresses with when compression.type is gzip; -1 is the library's default.")
        {
            Validator = RangeValidator.BetweenOr(1, 9, -1),
            Synonyms = [new("compression.gzip.level")],
        },
        new(CompressionLz4Level, ConfigType.Int, "9", "The level the broker compresses with when compression.type is lz4.")
        {
            Validator = RangeValidator.Between(1, 17),
            Synonyms = [new("compression.lz4.level")],
        },
        new(CompressionZstdLevel, ConfigType.Int, "3", "The level the broker compresses with when compression.type is zstd.")
        {
            Validator = RangeValidator.Between(-131072, 22),
            Synonyms = [new("compression.zstd.level")],
        },
    ];

    private static ConfigDefinition[] Flush() =>
    [
        new(FlushMessages, ConfigType.Long, NoLimit, "Flush a log to disk each time this many records have been appended; 1 flushes every append.")
        {
            Validator = Positive,
            Synonyms = [new("log.flush.interval.messages")],
        },
        new(FlushMs, ConfigType.Long, NoLimit, "Milliseconds that appended records may stay unflushed.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.flush.interval.ms"), new("log.flush.scheduler.interval.ms")],
        },
        new(FlushBeforeAck, ConfigType.Boolean, "false",
            "Whether a write with acks=1 or acks=all is acknowledged, and shown to consumers, only once it is flushed to disk; writes that come together share a flush.")
        {
            Synonyms = [new(FlushBeforeAck)],
        },
    ];

    private static ConfigDefinition[] Messages() =>
    [
        new(MaxMessageBytes, ConfigType.Int, "1048588", "The largest record batch, after compression, that is accepted, in bytes.")
        {
            Validator = NotNegative,
            Synonyms = [new("message.max.bytes")],
        },
        new("message.downconversion.enable", ConfigType.Boolean, "true",
            "Accepted for old configurations. Fetch versions that need older record formats are not served.")
        {
            Importance = ConfigImportance.Low,
            Synonyms = [new("log.message.downconversion.enable")],
        },
        new("message.format.version", ConfigType.String, "3.0-IV1", "Deprecated and without effect: records are always stored in format v2.")
        {
            Validator = new PredicateValidator("a Kafka version such as 3.0 or 3.0-IV1", "not a Kafka version", IsKafkaVersion),
            Synonyms = [new("log.message.format.version")],
        },
        new(MessageTimestampType, ConfigType.String, "CreateTime",
            "Whose clock stamps records: 'CreateTime' keeps the producer's time, 'LogAppendTime' takes the broker's.")
        {
            Validator = new ChoiceValidator("CreateTime", "LogAppendTime"),
            Synonyms = [new("log.message.timestamp.type")],
        },
        new(MessageTimestampDifferenceMaxMs, ConfigType.Long, NoLimit,
            "Deprecated: the bound in both directions, in milliseconds, where the two settings below are not set.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.message.timestamp.difference.max.ms")],
        },
        new(MessageTimestampBeforeMaxMs, ConfigType.Long, NoLimit,
            "Milliseconds that a record's CreateTime may lie before the broker's clock; an older record is refused.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.message.timestamp.before.max.ms")],
        },
        new(MessageTimestampAfterMaxMs, ConfigType.Long, "3600000",
            "Milliseconds that a record's CreateTime may lie after the broker's clock; a later record is refused.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.message.timestamp.after.max.ms")],
        },
    ];

    private static ConfigDefinition[] Retention() =>
    [
        new(RetentionBytes, ConfigType.Long, "-1", "Bytes kept per partition under the 'delete' policy; -1 keeps everything.")
        {
            Synonyms = [new("log.retention.bytes")],
        },
        new(RetentionMs, ConfigType.Long, "604800000", "Milliseconds that records are kept under the 'delete' policy; -1 keeps them for ever.")
        {
            Validator = RangeValidator.AtLeast(-1),
            Synonyms = [new("log.retention.ms"), new("log.retention.minutes", Minute), new("log.retention.hours", Hour)],
        },
        new(RemoteStorageEnable, ConfigType.Boolean, "false", "Whether closed segments are copied to remote storage (KIP-405)."),
        new(RemoteLogCopyDisable, ConfigType.Boolean, "false", "Whether a topic on remote storage stops copying and only reads (KIP-950)."),
        new(RemoteLogDeleteOnDisable, ConfigType.Boolean, "false", "Whether turning remote storage off deletes what is there (KIP-950)."),
        new(LocalRetentionBytes, ConfigType.Long, "-2",
            "Bytes of a partition that stay on local disk once copied to remote storage; -2 follows retention.bytes, -1 keeps everything.")
        {
            Validator = RangeValidator.AtLeast(-2),
            Synonyms = [new("log.local.retention.bytes")],
        },
        new(LocalRetentionMs, ConfigType.Long, "-2",
            "Milliseconds that records stay on local disk once copied to remote storage; -2 follows retention.ms, -1 keeps them for ever.")
        {
            Validator = RangeValidator.AtLeast(-2),
            Synonyms = [new("log.local.retention.ms")],
        },
    ];

    private static ConfigDefinition[] Segments() =>
    [
        new(SegmentBytes, ConfigType.Int, "1073741824", "The size in bytes at which a segment is closed and a new one opened.")
        {
            Validator = RangeValidator.AtLeast(14),
            Synonyms = [new("log.segment.bytes")],
        },
        new(SegmentMs, ConfigType.Long, "604800000", "Milliseconds after which a segment is closed even if it is not full.")
        {
            Validator = Positive,
            Synonyms = [new("log.roll.ms"), new("log.roll.hours", Hour)],
        },
        new(SegmentJitterMs, ConfigType.Long, "0", "Up to this many milliseconds are taken off segment.ms at random, so that segments do not all roll together.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.roll.jitter.ms"), new("log.roll.jitter.hours", Hour)],
        },
        new(SegmentIndexBytes, ConfigType.Int, "10485760", "The largest size of an offset or time index file in bytes; a full index closes its segment.")
        {
            Validator = RangeValidator.AtLeast(4),
            Synonyms = [new("log.index.size.max.bytes")],
        },
        new(IndexIntervalBytes, ConfigType.Int, "4096", "Bytes of log between two entries of the offset index.")
        {
            Validator = NotNegative,
            Synonyms = [new("log.index.interval.bytes")],
        },
        new(Preallocate, ConfigType.Boolean, "false", "Whether a new segment file gets its full size at once.")
        {
            Synonyms = [new("log.preallocate")],
        },
    ];

    private static ConfigDefinition[] Replication() =>
    [
        new(MinInsyncReplicas, ConfigType.Int, "1",
            "How many replicas must have a record before a write with acks=all is acknowledged; with fewer in sync such writes are refused.")
        {
            Validator = Positive,
            Synonyms = [new("min.insync.replicas")],
        },
        new(UncleanLeaderElectionEnable, ConfigType.Boolean, "false",
            "Whether a replica that was not in sync may become leader when no other is left, at the price of acknowledged records.")
        {
            Synonyms = [new("unclean.leader.election.enable")],
        },
        Throttled("leader.replication.throttled.replicas", "leading"),
        Throttled("follower.replication.throttled.replicas", "following"),
    ];

    private static ConfigDefinition Throttled(string name, string side) =>
        new(name, ConfigType.List, "", $"The replicas throttled on the {side} side, as partition:broker entries, or * for all.")
        {
            Validator = new PredicateValidator("* alone, or entries partition:broker", "entries must be partition:broker, or * alone", IsReplicaList),
        };

    private static bool IsKafkaVersion(object value)
    {
        ReadOnlySpan<char> version = (string)value;
        int suffix = version.IndexOf("-IV", StringComparison.Ordinal);
        if (suffix >= 0)
        {
            if (!ushort.TryParse(version[(suffix + 3)..], out _)) return false;
            version = version[..suffix];
        }
        int parts = 0;
        foreach (Range part in version.Split('.'))
        {
            if (!ushort.TryParse(version[part], out _)) return false;
            parts++;
        }
        return parts is >= 2 and <= 4;
    }

    private static bool IsReplicaList(object value)
    {
        var entries = (IReadOnlyList<string>)value;
        if (entries is ["*"]) return true;
        foreach (string entry in entries)
        {
            int colon = entry.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || !uint.TryParse(entry.AsSpan(0, colon), out _) || !uint.TryParse(entry.AsSpan(colon + 1), out _)) return false;
        }
        return true;
    }
}
