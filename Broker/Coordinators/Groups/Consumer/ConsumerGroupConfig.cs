namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>The broker's settings for groups of the consumer protocol (KIP-848), with Kafka's names and defaults.</summary>
public sealed record ConsumerGroupConfig
{
    /// <summary><c>group.consumer.session.timeout.ms</c>: how long a member may be silent, milliseconds.</summary>
    public int SessionTimeoutMs { get; init; } = 45_000;

    /// <summary><c>group.consumer.min.session.timeout.ms</c>: the shortest one that a group of its own may have.</summary>
    public int MinSessionTimeoutMs { get; init; } = 45_000;

    /// <summary><c>group.consumer.max.session.timeout.ms</c>: the longest one that a group of its own may have.</summary>
    public int MaxSessionTimeoutMs { get; init; } = 60_000;

    /// <summary><c>group.consumer.heartbeat.interval.ms</c>: how often members are told to send heartbeats, milliseconds.</summary>
    public int HeartbeatIntervalMs { get; init; } = 5_000;

    /// <summary><c>group.consumer.min.heartbeat.interval.ms</c>: the shortest one that a group of its own may have.</summary>
    public int MinHeartbeatIntervalMs { get; init; } = 5_000;

    /// <summary><c>group.consumer.max.heartbeat.interval.ms</c>: the longest one that a group of its own may have.</summary>
    public int MaxHeartbeatIntervalMs { get; init; } = 15_000;

    /// <summary><c>group.consumer.max.size</c>: members of one group, 1 or more.</summary>
    public int MaxSize { get; init; } = int.MaxValue;

    /// <summary><c>group.consumer.assignors</c>: the names of the assignors that members may ask for; the first one is the default.</summary>
    public IReadOnlyList<string> Assignors { get; init; } = ["uniform", "range"];

    /// <summary><c>group.consumer.migration.policy</c>: which conversions between classic and consumer groups with members happen.</summary>
    public GroupMigrationPolicy MigrationPolicy { get; init; } = GroupMigrationPolicy.Bidirectional;
}
