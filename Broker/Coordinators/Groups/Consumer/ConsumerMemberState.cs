namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>Where a member stands on its way to its target assignment. The numbers are those of Kafka's records.</summary>
public enum ConsumerMemberState
{
    /// <summary>It has all that it is to have in its epoch.</summary>
    Stable = 1,

    /// <summary>It was told to let partitions go and still holds some of them; it stays in its epoch.</summary>
    UnrevokedPartitions = 2,

    /// <summary>It waits for partitions that others still hold; it is in the epoch of the target.</summary>
    UnreleasedPartitions = 3,

    /// <summary>A state that a later version wrote: the member has to begin anew.</summary>
    Unknown = 127,
}
