using KBroker.Protocol.Records;

namespace KBroker.LogEngine;

/// <summary>
/// The settings of a topic that its logs obey, under Kafka's names and with Kafka's defaults. A record is immutable; a change
/// is a new record given to <see cref="PartitionLog.UpdateConfig"/>.
/// </summary>
public sealed record LogConfig
{
    /// <summary>Kafka's defaults.</summary>
    public static LogConfig Default { get; } = new();

    /// <summary><c>segment.bytes</c>: a segment rolls before it would exceed this.</summary>
    public int SegmentBytes { get; init; } = 1 << 30;

    /// <summary><c>segment.ms</c>: a segment rolls when its records span this long, or it is this old; milliseconds.</summary>
    public long SegmentMs { get; init; } = 7L * 24 * 60 * 60 * 1000;

    /// <summary><c>segment.jitter.ms</c>: up to this much is taken off <see cref="SegmentMs"/> at random.</summary>
    public long SegmentJitterMs { get; init; }

    /// <summary><c>segment.index.bytes</c>: size of each index file; a full index rolls the segment.</summary>
    public int SegmentIndexBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary><c>index.interval.bytes</c>: bytes of log between index entries.</summary>
    public int IndexIntervalBytes { get; init; } = 4096;

    /// <summary>
    /// <c>kbroker.flush.before.ack</c>: no append counts as done before it is on the disk; see <see cref="PartitionLog.FlushDueEnd"/>.
    /// </summary>
    public bool FlushEachAppend { get; init; }

    /// <summary><c>flush.messages</c>: records after which the append that reached the number is flushed before it counts as done.</summary>
    public long FlushMessages { get; init; } = long.MaxValue;

    /// <summary><c>flush.ms</c>: milliseconds after which unflushed records are flushed.</summary>
    public long FlushMs { get; init; } = long.MaxValue;

    /// <summary><c>max.message.bytes</c>: largest batch.</summary>
    public int MaxMessageBytes { get; init; } = 1048588;

    /// <summary><c>preallocate</c>: a new segment gets all its disk space at once.</summary>
    public bool Preallocate { get; init; }

    /// <summary><c>message.timestamp.type</c></summary>
    public TimestampType MessageTimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary><c>retention.ms</c>: milliseconds; -1 keeps for ever.</summary>
    public long RetentionMs { get; init; } = 7L * 24 * 60 * 60 * 1000;

    /// <summary><c>retention.bytes</c>: of one partition; -1 is no limit.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>
    /// <c>remote.storage.enable</c>: ended segments are copied to a remote store, and retention takes from this disk what the store
    /// has confirmed, without raising the log start (KIP-405).
    /// </summary>
    public bool RemoteStorage { get; init; }

    /// <summary><c>local.retention.ms</c>: what counts in place of <see cref="RetentionMs"/> with <see cref="RemoteStorage"/>; milliseconds, -1 keeps for ever.</summary>
    public long LocalRetentionMs { get; init; } = -1;

    /// <summary><c>local.retention.bytes</c>: what counts in place of <see cref="RetentionBytes"/> with <see cref="RemoteStorage"/>; -1 is no limit.</summary>
    public long LocalRetentionBytes { get; init; } = -1;

    /// <summary><c>cleanup.policy</c> holds <c>delete</c>.</summary>
    public bool Delete { get; init; } = true;

    /// <summary><c>cleanup.policy</c> holds <c>compact</c>.</summary>
    public bool Compact { get; init; }

    /// <summary><c>min.cleanable.dirty.ratio</c>: the share of dirty bytes, 0 to 1, above which the log is compacted.</summary>
    public double MinCleanableDirtyRatio { get; init; } = 0.5;

    /// <summary><c>min.compaction.lag.ms</c>: for how long a record is safe from compaction; milliseconds.</summary>
    public long MinCompactionLagMs { get; init; }

    /// <summary><c>max.compaction.lag.ms</c>: after how long a record must be compacted, whatever the dirty ratio; milliseconds.</summary>
    public long MaxCompactionLagMs { get; init; } = long.MaxValue;

    /// <summary><c>delete.retention.ms</c>: how long tombstones and transaction markers stay after they were compacted; milliseconds.</summary>
    public long DeleteRetentionMs { get; init; } = 24L * 60 * 60 * 1000;

    /// <summary>
    /// How long a segment takes records, milliseconds: an active segment is never compacted, so that a compacted log rolls in time
    /// for <c>max.compaction.lag.ms</c>.
    /// </summary>
    public long RollMs => Compact && MaxCompactionLagMs > 0 ? Math.Min(SegmentMs, MaxCompactionLagMs) : SegmentMs;

    /// <summary><c>file.delete.delay.ms</c>: milliseconds between marking a file deleted and deleting it.</summary>
    public long FileDeleteDelayMs { get; init; } = 60_000;
}
