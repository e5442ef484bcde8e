using KBroker.Broker.Coordinators.Groups.Assignors;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>Leads one member towards its target, step by step (KIP-848). Pure.</summary>
/// <remarks>
/// First the member lets go what is not its any more: it stays in its epoch until it reports that it has. Then it reaches the epoch of the
/// target and is given what is free; what others still hold it gets when they have let it go. So nobody is told of a partition that
/// another member may still read.
/// </remarks>
/// <param name="state">The group.</param>
/// <param name="member">The member.</param>
/// <param name="owned">What it says it holds; null if it does not say.</param>
/// <param name="subscriptionChanged">Whether what it subscribes to has just changed: topics that it left are taken away at once.</param>
internal readonly ref struct MemberReconciler(ConsumerGroupState state, ConsumerMember member, TopicPartitionSet? owned, bool subscriptionChanged)
{
    /// <summary>The next step; the present one if there is none to take.</summary>
    public CurrentAssignment Next()
    {
        CurrentAssignment current = member.Current;
        switch (current.State)
        {
            case ConsumerMemberState.Stable when current.Epoch == state.AssignmentEpoch:
                return subscriptionChanged ? DropUnsubscribed() : current;
            case ConsumerMemberState.UnrevokedPartitions when StillHolds(current.PendingRevocation):
                return subscriptionChanged ? DropUnsubscribed() : current;
            default:
                return TowardsTarget();
        }
    }

    private bool StillHolds(AssignedPartitions revoked) =>
        owned is null || !owned.Intersect(revoked.Set).IsEmpty;

    private CurrentAssignment TowardsTarget()
    {
        CurrentAssignment current = member.Current;
        ConsumerGroupState group = state;
        string id = member.Id;
        IReadOnlySet<Guid> subscribed = state.TopicIdsOf(member);
        TopicPartitionSet target = state.TargetOf(id).Where((topic, _) => subscribed.Contains(topic));
        AssignedPartitions kept = current.Assigned.Intersect(target);
        AssignedPartitions revoked = current.Assigned.Where((topic, partition) => kept.EpochOf(topic, partition) is null);
        if (!revoked.IsEmpty && StillHolds(revoked))
        {
            return current with
            {
                PreviousEpoch = current.Epoch,
                State = ConsumerMemberState.UnrevokedPartitions,
                Assigned = kept,
                PendingRevocation = revoked,
            };
        }

        TopicPartitionSet missing = target.Except(kept.Set);
        // What this member itself was told to let go, it has let go.
        TopicPartitionSet free = missing.Where((topic, partition) =>
            !group.Owners.TryGetValue((topic, partition), out string? owner) || owner == id);
        return new CurrentAssignment(
            state.AssignmentEpoch,
            current.Epoch,
            free.Count < missing.Count ? ConsumerMemberState.UnreleasedPartitions : ConsumerMemberState.Stable,
            kept.With(AssignedPartitions.Of(free, state.AssignmentEpoch)),
            AssignedPartitions.Empty);
    }

    /// <summary>Takes away what belongs to topics that the member does not subscribe to any more, without looking at the target.</summary>
    private CurrentAssignment DropUnsubscribed()
    {
        CurrentAssignment current = member.Current;
        IReadOnlySet<Guid> subscribed = state.TopicIdsOf(member);
        AssignedPartitions kept = current.Assigned.Where((topic, _) => subscribed.Contains(topic));
        if (kept.Equals(current.Assigned)) return current;
        AssignedPartitions revoked = current.PendingRevocation.With(current.Assigned.Where((topic, _) => !subscribed.Contains(topic)));
        return StillHolds(revoked)
            ? current with
            {
                PreviousEpoch = current.Epoch,
                State = ConsumerMemberState.UnrevokedPartitions,
                Assigned = kept,
                PendingRevocation = revoked,
            }
            : current with { PreviousEpoch = current.Epoch, Assigned = kept };
    }
}
