namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>Which live conversions between classic and consumer groups happen: <c>group.consumer.migration.policy</c>.</summary>
[Flags]
public enum GroupMigrationPolicy
{
    /// <summary>None; a classic member cannot join a consumer group.</summary>
    Disabled = 0,

    /// <summary>A classic group becomes a consumer group when a member of the consumer protocol joins it.</summary>
    Upgrade = 1,

    /// <summary>A consumer group becomes a classic group when its last member of the consumer protocol leaves it.</summary>
    Downgrade = 2,

    /// <summary>Both.</summary>
    Bidirectional = Upgrade | Downgrade,
}
