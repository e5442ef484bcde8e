namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>A member of a consumer group. Never changes: the group holds another one when something did.</summary>
/// <param name="Id">Its id: given by the coordinator, or from version 1 of the heartbeat by the client.</param>
/// <param name="Subscription">What it asks for.</param>
/// <param name="Current">What it has.</param>
public sealed record ConsumerMember(string Id, MemberSubscription Subscription, CurrentAssignment Current)
{
    /// <summary>The epoch of a member that leaves (ConsumerGroupHeartbeat).</summary>
    public const int LeaveEpoch = -1;

    /// <summary>The epoch of a static member that is away and may come back within its session.</summary>
    public const int StaticLeaveEpoch = -2;

    /// <summary>The id that a static member gave itself; null for a dynamic one.</summary>
    public string? InstanceId => Subscription.InstanceId;

    /// <summary>Its epoch.</summary>
    public int Epoch => Current.Epoch;

    /// <summary>Whether it takes part by JoinGroup, SyncGroup and Heartbeat.</summary>
    public bool IsClassic => Subscription.Classic is not null;

    /// <summary>Whether it is where the target of this epoch wants it.</summary>
    public bool IsReconciledTo(int targetEpoch) => Current.State == ConsumerMemberState.Stable && Current.Epoch == targetEpoch;

    /// <summary>A member that asks for nothing and has nothing yet.</summary>
    public static ConsumerMember New(string id) => new(id, MemberSubscription.None, CurrentAssignment.None);
}

/// <summary>What a member has: what a CurrentMemberAssignment record says.</summary>
/// <param name="Epoch">Its epoch: that of the target it has reached; -2 for a static member that is away.</param>
/// <param name="PreviousEpoch">The epoch before: a heartbeat of it is from a member that did not hear the answer; -1 if there was none.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Assigned">The partitions it may read.</param>
/// <param name="PendingRevocation">The partitions it was told to let go and has not; nobody else is given them meanwhile.</param>
public sealed record CurrentAssignment(
    int Epoch, int PreviousEpoch, ConsumerMemberState State, AssignedPartitions Assigned, AssignedPartitions PendingRevocation)
{
    /// <summary>Nothing, in no epoch.</summary>
    public static CurrentAssignment None { get; } = new(0, -1, ConsumerMemberState.Stable, AssignedPartitions.Empty, AssignedPartitions.Empty);

    /// <summary>The epoch in which a partition was given that the member holds; null if it does not.</summary>
    public int? EpochOf(Guid topic, int partition) => Assigned.EpochOf(topic, partition) ?? PendingRevocation.EpochOf(topic, partition);
}
