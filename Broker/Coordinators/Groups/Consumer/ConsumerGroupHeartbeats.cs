using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>ConsumerGroupHeartbeat: members of the consumer protocol join, live, reconcile and leave (KIP-848).</summary>
/// <param name="services">Log, clock and settings.</param>
/// <param name="table">The groups of the shard.</param>
/// <param name="departures">Takes members out.</param>
internal sealed class ConsumerGroupHeartbeats(GroupServices services, GroupTable table, ConsumerGroupDepartures departures)
{
    private readonly ConsumerGroupRebalancer _rebalancer = new(services);
    private readonly RegexSubscriptions _regexes = new(services);

    /// <summary>Handles a heartbeat.</summary>
    /// <param name="groupId">The group; made if it does not exist and the member joins.</param>
    /// <param name="beat">The heartbeat.</param>
    /// <param name="reply">Gets the answer once what it tells is sure to last.</param>
    public void Heartbeat(string groupId, ConsumerHeartbeat beat, Action<ConsumerHeartbeatAnswer> reply)
    {
        ConsumerHeartbeatAnswer answer = beat.MemberEpoch < 0 ? Leave(groupId, beat) : Beat(groupId, beat);
        if (answer.Error != ErrorCode.None) reply(answer);
        else services.Log.WhenCommitted(error => reply(error == ErrorCode.None ? answer : ConsumerHeartbeatAnswer.Refused(error)));
    }

    private ConsumerHeartbeatAnswer Beat(string groupId, ConsumerHeartbeat beat)
    {
        ConsumerHeartbeatAnswer? refused = Find(groupId, beat, out ConsumerGroup? group, out ConsumerGroupDraft? draft, out ClassicGroup? upgraded);
        ConsumerHeartbeatAnswer answer = refused ?? Beat(group!, draft!, upgraded, beat);
        // A group that was made for a heartbeat that is refused holds nothing.
        if (answer.Error != ErrorCode.None && group is not null && !ReferenceEquals(table.Find(groupId), group)) group.End(answer.Error);
        return answer;
    }

    private ConsumerHeartbeatAnswer Beat(ConsumerGroup group, ConsumerGroupDraft draft, ClassicGroup? upgraded, ConsumerHeartbeat beat)
    {
        string memberId = beat.MemberId.Length > 0 ? beat.MemberId : services.NewId().ToString();
        ConsumerHeartbeatAnswer? refused = CheckRoom(group, draft.State, memberId, beat.InstanceId) ?? Enter(draft, memberId, beat);
        if (refused is not null) return refused;

        bool isNew = !draft.State.Members.TryGetValue(memberId, out ConsumerMember? before);
        before ??= ConsumerMember.New(memberId);
        MemberSubscription asked = Merge(before.Subscription, beat);
        bool namesChanged = !asked.HasSameTopics(before.Subscription);
        bool regexChanged = asked.Regex != before.Subscription.Regex;
        bool mayMoveAssignor = isNew || asked.Assignor != before.Subscription.Assignor || before.IsClassic;
        string assignorBefore = mayMoveAssignor ? ConsumerGroupRebalancer.PreferredAssignor(group, draft.State) : "";
        if (isNew || !asked.Equals(before.Subscription)) draft.Write(new ConsumerGroupChange.Member(memberId, asked));
        if (regexChanged && _regexes.Change(draft, before.Subscription.Regex, asked.Regex) is { } invalid)
            return ConsumerHeartbeatAnswer.Refused(ErrorCode.InvalidRegularExpression, invalid);
        bool regexMoved = _regexes.Refresh(group, draft);
        bool mustBump = namesChanged || regexChanged || regexMoved || draft.State.GroupEpoch == 0
            || (mayMoveAssignor && assignorBefore != ConsumerGroupRebalancer.PreferredAssignor(group, draft.State));
        _rebalancer.UpdateTopics(group, draft, mustBump);
        _rebalancer.UpdateTarget(group, draft);
        ConsumerMember after = ConsumerGroupRebalancer.Reconcile(draft, memberId, beat.Owned, namesChanged || regexChanged);

        bool brings = namesChanged || regexChanged || isNew;
        ErrorCode failed = group.Commit(draft, mayGrow: !brings, upgraded?.Holdings.Bytes ?? 0);
        if (failed != ErrorCode.None) return ConsumerHeartbeatAnswer.Refused(failed);
        table.Set(group);
        // Classic members that wait for the others find that the group has changed, and come again.
        upgraded?.End(ErrorCode.RebalanceInProgress);
        if (upgraded is not null) group.StartSessions();
        group.StartSession(after);
        group.FollowRevocation(before, after);
        bool tellsAssignment = beat.MemberEpoch == 0 || beat.IsFull || !before.Current.Assigned.Set.Equals(after.Current.Assigned.Set);
        return new ConsumerHeartbeatAnswer(
            ErrorCode.None, null, memberId, after.Epoch, group.Config.HeartbeatIntervalMs, tellsAssignment ? after.Current.Assigned.Set : null);
    }

    /// <summary>The group that the heartbeat is for, and a draft that begins with what it takes to have it.</summary>
    private ConsumerHeartbeatAnswer? Find(
        string groupId, ConsumerHeartbeat beat, out ConsumerGroup? group, out ConsumerGroupDraft? draft, out ClassicGroup? upgraded)
    {
        (group, draft, upgraded) = (table.Find(groupId) as ConsumerGroup, null, null);
        if (group is not null)
        {
            draft = new ConsumerGroupDraft(groupId, group.State);
            return null;
        }

        if (beat.MemberEpoch != 0)
        {
            string what = table.Find(groupId) is null ? $"Consumer group {groupId} not found." : $"Group {groupId} is not a consumer group.";
            return ConsumerHeartbeatAnswer.Refused(ErrorCode.GroupIdNotFound, what);
        }

        group = departures.NewGroup(groupId);
        draft = new ConsumerGroupDraft(groupId, ConsumerGroupState.Empty);
        if (table.Find(groupId) is not ClassicGroup classic) return null;
        upgraded = classic;
        foreach (CoordinatorRecord tombstone in classic.Tombstones()) draft.Write(tombstone);
        if (classic.State == ClassicGroupState.Empty) return null;
        string? impossible = GroupConversion.Upgrade(classic, draft, services.Topics(), group.Config);
        return impossible is null
            ? null
            : ConsumerHeartbeatAnswer.Refused(ErrorCode.GroupIdNotFound, $"Cannot upgrade classic group {groupId} to consumer group because {impossible}.");
    }

    private static ConsumerHeartbeatAnswer? CheckRoom(ConsumerGroup group, ConsumerGroupState state, string memberId, string? instanceId)
    {
        if (instanceId is not null && state.StaticMembers.ContainsKey(instanceId)) return null;
        int most = group.Config.MaxSize;
        return state.Members.Count >= most && !state.Members.ContainsKey(memberId)
            ? ConsumerHeartbeatAnswer.Refused(ErrorCode.GroupMaxSizeReached, $"The consumer group has reached its maximum capacity of {most} members.")
            : null;
    }

    /// <summary>Whether the member is one or may become one; a static member that comes back takes over from the one that was.</summary>
    private static ConsumerHeartbeatAnswer? Enter(ConsumerGroupDraft draft, string memberId, ConsumerHeartbeat beat)
    {
        ConsumerGroupState state = draft.State;
        bool joins = beat.MemberEpoch == 0;
        if (beat.InstanceId is not { } instanceId)
        {
            if (state.Members.TryGetValue(memberId, out ConsumerMember? dynamic)) return CheckEpoch(dynamic, beat);
            return joins ? null : ConsumerHeartbeatAnswer.Refused(ErrorCode.UnknownMemberId, $"Member {memberId} is not a member of the group.");
        }

        if (!state.TryGetStatic(instanceId, out ConsumerMember? member))
            return joins ? null : ConsumerHeartbeatAnswer.Refused(ErrorCode.UnknownMemberId, $"Instance id {instanceId} is unknown.");
        if (member.Id == memberId) return CheckEpoch(member, beat);
        if (!joins)
            return ConsumerHeartbeatAnswer.Refused(ErrorCode.FencedInstanceId, $"Static member {memberId} with instance id {instanceId} was fenced by member {member.Id}.");
        // A member of the classic protocol does not say when it goes: whoever comes under its name has taken its place.
        if (!member.IsClassic && member.Epoch != ConsumerMember.StaticLeaveEpoch)
        {
            return ConsumerHeartbeatAnswer.Refused(
                ErrorCode.UnreleasedInstanceId,
                $"Static member {memberId} with instance id {instanceId} cannot join the group because the instance id is owned by {member.Id} member.");
        }

        ConsumerGroupDepartures.Replace(draft, member, memberId);
        return null;
    }

    private static ConsumerHeartbeatAnswer? CheckEpoch(ConsumerMember member, ConsumerHeartbeat beat)
    {
        // Epoch 0 joins again, holding nothing.
        if (beat.MemberEpoch == 0 || beat.MemberEpoch == member.Epoch) return null;
        if (beat.MemberEpoch > member.Epoch) return Fenced("greater");
        // The answer that told the present epoch may have been lost.
        bool missedAnswer = beat.MemberEpoch == member.Current.PreviousEpoch
            && beat.Owned is not null && beat.Owned.Except(member.Current.Assigned.Set).IsEmpty;
        return missedAnswer ? null : Fenced("smaller");

        ConsumerHeartbeatAnswer Fenced(string how) => ConsumerHeartbeatAnswer.Refused(
            ErrorCode.FencedMemberEpoch,
            $"The consumer group member has a {how} member epoch ({beat.MemberEpoch}) than the one known by the group coordinator ({member.Epoch}). "
            + "The member must abandon all its partitions and rejoin.");
    }

    private static MemberSubscription Merge(MemberSubscription before, ConsumerHeartbeat beat) => before with
    {
        InstanceId = beat.InstanceId ?? before.InstanceId,
        RackId = beat.RackId ?? before.RackId,
        RebalanceTimeoutMs = beat.RebalanceTimeoutMs != -1 ? beat.RebalanceTimeoutMs : before.RebalanceTimeoutMs,
        Assignor = beat.Assignor ?? before.Assignor,
        Topics = beat.Topics is null ? before.Topics : MemberSubscription.Ordered(beat.Topics),
        Regex = beat.Regex is null ? before.Regex : beat.Regex.Length == 0 ? null : beat.Regex,
        Client = beat.Client,
        Classic = null,
    };

    private ConsumerHeartbeatAnswer Leave(string groupId, ConsumerHeartbeat beat)
    {
        if (table.Find(groupId) is not ConsumerGroup group)
            return ConsumerHeartbeatAnswer.Refused(ErrorCode.GroupIdNotFound, $"Consumer group {groupId} not found.");
        ConsumerMember? member;
        if (beat.InstanceId is not { } instanceId)
        {
            if (!group.State.Members.TryGetValue(beat.MemberId, out member))
                return ConsumerHeartbeatAnswer.Refused(ErrorCode.UnknownMemberId, $"Member {beat.MemberId} is not a member of group {groupId}.");
        }
        else if (!group.State.TryGetStatic(instanceId, out member))
        {
            return ConsumerHeartbeatAnswer.Refused(ErrorCode.UnknownMemberId, $"Instance id {instanceId} is unknown.");
        }
        else if (member.Id != beat.MemberId)
        {
            return ConsumerHeartbeatAnswer.Refused(
                ErrorCode.FencedInstanceId, $"Static member {beat.MemberId} with instance id {instanceId} was fenced by member {member.Id}.");
        }

        ErrorCode error = beat.MemberEpoch == ConsumerMember.StaticLeaveEpoch
            ? ConsumerGroupDepartures.LeaveForAWhile(group, member)
            : departures.Fence(group, [member.Id]);
        return error == ErrorCode.None
            ? new ConsumerHeartbeatAnswer(ErrorCode.None, null, beat.MemberId, beat.MemberEpoch, 0, null)
            : ConsumerHeartbeatAnswer.Refused(error);
    }
}
