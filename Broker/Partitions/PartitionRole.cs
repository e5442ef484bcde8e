namespace KBroker.Broker.Partitions;

/// <summary>What this broker is to a partition.</summary>
public enum PartitionRole
{
    /// <summary>The log cannot be used (its directory failed) or no leader is known.</summary>
    Offline,

    /// <summary>This broker takes writes and serves reads.</summary>
    Leader,

    /// <summary>This broker copies the leader's log.</summary>
    Follower,
}
