using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>Members of consumer groups that go, of themselves or because their time is over; and what becomes of the group then.</summary>
/// <param name="services">Log, clock and settings.</param>
/// <param name="table">The groups of the shard.</param>
internal sealed class ConsumerGroupDepartures(GroupServices services, GroupTable table)
{
    private readonly ConsumerGroupRebalancer _rebalancer = new(services);

    /// <summary>A group without members, not in the table yet.</summary>
    public ConsumerGroup NewGroup(string groupId) => new(groupId, services, (group, ids) => Fence(group, ids));

    /// <summary>
    /// Takes members out. What they held is free at once: either they said so or their time is over. If only members of the classic
    /// protocol are left, the group becomes a classic one, as the policy allows; where the log refuses that, as it does what is too large
    /// for one batch, it stays as it is without those who go.
    /// </summary>
    public ErrorCode Fence(ConsumerGroup group, IReadOnlyList<string> memberIds)
    {
        if (memberIds.Count == 0) return ErrorCode.None;
        var draft = new ConsumerGroupDraft(group.Id, group.State);
        foreach (string memberId in memberIds) draft.Remove(memberId);
        if (GroupConversion.MustDowngrade(group, draft.State, services.Config))
        {
            if (Downgrade(group, draft, rebalance: true, out _) == ErrorCode.None) return ErrorCode.None;
            draft = new ConsumerGroupDraft(group.Id, group.State);
            foreach (string memberId in memberIds) draft.Remove(memberId);
        }

        RegexSubscriptions.RemoveUnused(draft);
        _rebalancer.UpdateTopics(group, draft, mustBump: true);
        // Nobody is left to be assigned anything: the target is as new as the group.
        if (draft.State.Members.IsEmpty) draft.Write(new ConsumerGroupChange.TargetEpoch(draft.State.GroupEpoch, 0));
        return group.Commit(draft);
    }

    /// <summary>A static member goes and will be back within its session: its partitions wait for it.</summary>
    public static ErrorCode LeaveForAWhile(ConsumerGroup group, ConsumerMember member)
    {
        var draft = new ConsumerGroupDraft(group.Id, group.State);
        draft.Write(new ConsumerGroupChange.Current(member.Id, member.Current with
        {
            Epoch = ConsumerMember.StaticLeaveEpoch,
            Assigned = AssignedPartitions.Of(member.Current.Assigned.Set, 0),
            PendingRevocation = AssignedPartitions.Empty,
        }));
        ErrorCode error = group.Commit(draft);
        if (error == ErrorCode.None) group.FollowRevocation(member, draft.State.Members[member.Id]);
        return error;
    }

    /// <summary>Makes a classic group of a consumer group; who waits for nothing is told nothing.</summary>
    public ErrorCode Downgrade(ConsumerGroup group, ConsumerGroupDraft draft, bool rebalance, out ClassicGroup? classic)
    {
        classic = GroupConversion.Downgrade(group, draft, services);
        ErrorCode error = services.Log.Append(draft.Records);
        if (error != ErrorCode.None)
        {
            classic.End(error);
            return error;
        }

        group.End(ErrorCode.None);
        table.Set(classic);
        classic.StartSessions();
        if (rebalance) classic.Rebalance();
        return ErrorCode.None;
    }

    /// <summary>A static member goes on under another id, in epoch 0, with what it had.</summary>
    public static void Replace(ConsumerGroupDraft draft, ConsumerMember member, string newId)
    {
        Assignors.TopicPartitionSet target = draft.State.TargetOf(member.Id);
        draft.Remove(member.Id);
        draft.Write(new ConsumerGroupChange.Member(newId, member.Subscription));
        draft.Write(new ConsumerGroupChange.Target(newId, target));
        draft.Write(new ConsumerGroupChange.Current(newId, member.Current with { Epoch = 0, PreviousEpoch = 0 }));
    }
}
