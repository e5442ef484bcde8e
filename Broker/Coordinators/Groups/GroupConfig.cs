using KBroker.Broker.Coordinators.Groups.Consumer;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>The broker's settings for groups, with Kafka's names. Milliseconds where not said otherwise.</summary>
public sealed record GroupConfig
{
    /// <summary><c>group.min.session.timeout.ms</c></summary>
    public int MinSessionTimeoutMs { get; init; } = 6_000;

    /// <summary><c>group.max.session.timeout.ms</c></summary>
    public int MaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary><c>group.max.size</c>: members of one group.</summary>
    public int MaxSize { get; init; } = int.MaxValue;

    /// <summary><c>kbroker.group.max.bytes</c>: what the members of one group may hold in memory.</summary>
    public long GroupMaxBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary><c>kbroker.groups.max.bytes</c>: what all groups here and their members may hold; -1 for a share of the memory.</summary>
    public long AllGroupsMaxBytes { get; init; } = -1;

    /// <summary><c>kbroker.offsets.max.bytes</c>: what committed offsets may hold in memory; -1 for a share of it.</summary>
    public long OffsetsMaxBytes { get; init; } = -1;

    /// <summary><c>group.initial.rebalance.delay.ms</c>: how long the first rebalance of an empty group waits for more members.</summary>
    public int InitialRebalanceDelayMs { get; init; } = 3_000;

    /// <summary>How long a member that has never been in the group may wait in a JoinGroup before it counts as gone.</summary>
    public int NewMemberJoinTimeoutMs { get; init; } = 5 * 60 * 1000;

    /// <summary><c>offset.metadata.max.bytes</c>: the longest note a client may leave with an offset.</summary>
    public int OffsetMetadataMaxBytes { get; init; } = 4_096;

    /// <summary><c>offsets.retention.minutes</c>, in milliseconds: how long an offset that nobody uses is kept.</summary>
    public long OffsetsRetentionMs { get; init; } = 7L * 24 * 60 * 60 * 1000;

    /// <summary><c>offsets.retention.check.interval.ms</c></summary>
    public long OffsetsRetentionCheckIntervalMs { get; init; } = 600_000;

    /// <summary>What applies to groups of the consumer protocol.</summary>
    public ConsumerGroupConfig Consumer { get; init; } = new();
}
