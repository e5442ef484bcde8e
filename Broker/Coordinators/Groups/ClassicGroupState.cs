namespace KBroker.Broker.Coordinators.Groups;

/// <summary>Where a classic group stands, under Kafka's names.</summary>
public enum ClassicGroupState
{
    /// <summary>No members; there may be offsets.</summary>
    Empty,

    /// <summary>Members join.</summary>
    PreparingRebalance,

    /// <summary>The generation has begun; the leader's assignment is awaited.</summary>
    CompletingRebalance,

    /// <summary>Everybody has an assignment.</summary>
    Stable,

    /// <summary>The group is gone.</summary>
    Dead,
}
