using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>
/// Members of the classic protocol in a consumer group, as while it is upgraded: their JoinGroup, SyncGroup, Heartbeat and LeaveGroup.
/// The server assigns; to them it looks as if another member led. A generation is the member's epoch.
/// </summary>
/// <param name="services">Log, topics and chance.</param>
/// <param name="departures">Takes members out.</param>
internal sealed class ClassicProtocolMembers(GroupServices services, ConsumerGroupDepartures departures)
{
    private readonly ConsumerGroupRebalancer _rebalancer = new(services);
    private readonly RegexSubscriptions _regexes = new(services);

    /// <summary>JoinGroup: joins, or takes the next step towards the target.</summary>
    public void Join(ConsumerGroup group, in GroupJoin join, Action<JoinGroupResponse> reply)
    {
        ErrorCode error = CheckJoin(group, join);
        string memberId = join.MemberId.Length > 0 ? join.MemberId : services.NewId().ToString();
        if (error == ErrorCode.None && !HasRoom(group, memberId, join.InstanceId)) error = ErrorCode.GroupMaxSizeReached;
        if (error == ErrorCode.None && join is { MemberId.Length: 0, InstanceId: null, MustKnowId: true }) error = ErrorCode.MemberIdRequired;
        if (error != ErrorCode.None)
        {
            reply(ClassicMember.JoinRefused(error == ErrorCode.GroupMaxSizeReached ? "" : memberId, error));
            return;
        }

        var draft = new ConsumerGroupDraft(group.Id, group.State);
        error = Enter(draft, memberId, join, out bool replacesConsumer);
        if (error != ErrorCode.None)
        {
            reply(ClassicMember.JoinRefused(memberId, error));
            return;
        }

        ConsumerMember after = Step(group, draft, memberId, join);
        ClassicGroup? classic = null;
        error = replacesConsumer && GroupConversion.MustDowngrade(group, draft.State, services.Config)
            ? Downgrade(group, draft, out classic)
            : Commit(group, draft, after);
        var response = new JoinGroupResponse
        {
            MemberId = memberId,
            GenerationId = classic?.GenerationId ?? after.Epoch,
            ProtocolType = ConsumerProtocol.TypeName,
            ProtocolName = classic?.ProtocolName ?? join.Protocols[0].Name,
            Leader = "",
        };
        if (error != ErrorCode.None) reply(ClassicMember.JoinRefused(memberId, error));
        else services.Log.WhenCommitted(failure => reply(failure == ErrorCode.None ? response : ClassicMember.JoinRefused(memberId, failure)));
    }

    /// <summary>SyncGroup: asks for the assignment.</summary>
    public void Sync(ConsumerGroup group, in GroupSync sync, Action<SyncGroupResponse> reply)
    {
        ErrorCode error = Find(group, sync.MemberId, sync.InstanceId, sync.GenerationId, out ConsumerMember? member);
        if (error == ErrorCode.None)
        {
            string protocol = member!.Subscription.Classic!.Protocols[0].Name;
            if ((sync.ProtocolType ?? ConsumerProtocol.TypeName) != ConsumerProtocol.TypeName || (sync.ProtocolName ?? protocol) != protocol)
                error = ErrorCode.InconsistentGroupProtocol;
        }

        // One that is to let partitions go has joined: it gets what is left to it, lets go and joins once more.
        if (error == ErrorCode.None && group.State.AssignmentEpoch > member!.Epoch && member.Current.State != ConsumerMemberState.UnrevokedPartitions)
        {
            group.AwaitJoin(member);
            error = ErrorCode.RebalanceInProgress;
        }

        if (error != ErrorCode.None)
        {
            reply(ClassicMember.SyncRefused(error));
            return;
        }

        group.OnSync(member!);
        var response = new SyncGroupResponse
        {
            ProtocolType = sync.ProtocolType,
            ProtocolName = sync.ProtocolName,
            Assignment = ConsumerProtocol.WriteAssignment(
                member!.Current.Assigned.Set, services.Topics(), member.Subscription.Classic!.Protocols[0].Metadata),
        };
        services.Log.WhenCommitted(failure => reply(failure == ErrorCode.None ? response : ClassicMember.SyncRefused(failure)));
    }

    /// <summary>Heartbeat: REBALANCE_IN_PROGRESS tells the member to join again, for there is a step to take.</summary>
    public static ErrorCode Heartbeat(ConsumerGroup group, string memberId, string? instanceId, int generationId)
    {
        ErrorCode error = Find(group, memberId, instanceId, generationId, out ConsumerMember? member);
        if (error != ErrorCode.None) return error;
        group.StartSession(member!);
        bool mustJoin = member!.Epoch < group.State.AssignmentEpoch
            || member.Current.State == ConsumerMemberState.UnrevokedPartitions
            || (member.Current.State == ConsumerMemberState.UnreleasedPartitions && MissesNothingThatIsHeld(group.State, member));
        if (!mustJoin) return ErrorCode.None;
        group.AwaitJoin(member);
        return ErrorCode.RebalanceInProgress;
    }

    /// <summary>LeaveGroup: takes members out, of either protocol. One error for each.</summary>
    public ErrorCode[] Leave(ConsumerGroup group, IReadOnlyList<GroupLeaver> leavers)
    {
        var errors = new ErrorCode[leavers.Count];
        var leaving = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < leavers.Count; i++)
        {
            (string memberId, string? instanceId) = leavers[i];
            if (instanceId is null)
            {
                if (group.State.Members.ContainsKey(memberId)) leaving.Add(memberId);
                else errors[i] = ErrorCode.UnknownMemberId;
            }
            else if (!group.State.TryGetStatic(instanceId, out ConsumerMember? member))
            {
                errors[i] = ErrorCode.UnknownMemberId;
            }
            else if (memberId.Length > 0 && memberId != member.Id)
            {
                errors[i] = ErrorCode.FencedInstanceId;
            }
            else
            {
                leaving.Add(member.Id);
            }
        }

        ErrorCode failed = departures.Fence(group, [.. leaving]);
        if (failed == ErrorCode.None) return errors;
        for (int i = 0; i < errors.Length; i++)
        {
            if (errors[i] == ErrorCode.None) errors[i] = failed;
        }

        return errors;
    }

    private static ErrorCode CheckJoin(ConsumerGroup group, in GroupJoin join)
    {
        // A classic member could not stay: with the last one of the consumer protocol the group would have to change.
        if (group.Config.MigrationPolicy == GroupMigrationPolicy.Disabled) return ErrorCode.InconsistentGroupProtocol;
        if (join.ProtocolType != ConsumerProtocol.TypeName || join.Protocols.Count == 0) return ErrorCode.InconsistentGroupProtocol;
        if (ConsumerProtocol.TryReadSubscription(join.Protocols[0].Metadata) is null) return ErrorCode.InconsistentGroupProtocol;
        var common = new HashSet<string>(join.Protocols.Select(protocol => protocol.Name), StringComparer.Ordinal);
        foreach (ConsumerMember member in group.ClassicMembers)
        {
            // A set each: looking through what one names for each of what another names takes the product of both.
            var known = new HashSet<string>(member.Subscription.Classic!.Protocols.Select(protocol => protocol.Name), StringComparer.Ordinal);
            common.IntersectWith(known);
            if (common.Count == 0) return ErrorCode.InconsistentGroupProtocol;
        }

        return ErrorCode.None;
    }

    private static bool HasRoom(ConsumerGroup group, string memberId, string? instanceId) =>
        (instanceId is not null && group.State.StaticMembers.ContainsKey(instanceId))
        || group.State.Members.ContainsKey(memberId) || group.State.Members.Count < group.Config.MaxSize;

    private static ErrorCode Enter(ConsumerGroupDraft draft, string memberId, in GroupJoin join, out bool replacesConsumer)
    {
        replacesConsumer = false;
        ConsumerMember? member;
        if (join.InstanceId is not { } instanceId)
        {
            replacesConsumer = draft.State.Members.TryGetValue(memberId, out member) && !member.IsClassic;
            return ErrorCode.None;
        }

        if (!draft.State.TryGetStatic(instanceId, out member)) return join.MemberId.Length == 0 ? ErrorCode.None : ErrorCode.UnknownMemberId;
        if (join.MemberId.Length > 0 && member.Id != join.MemberId) return ErrorCode.FencedInstanceId;
        replacesConsumer = !member.IsClassic;
        if (join.MemberId.Length == 0) ConsumerGroupDepartures.Replace(draft, member, memberId);
        return ErrorCode.None;
    }

    /// <summary>Takes over what the member says and leads it, or the group, on.</summary>
    private ConsumerMember Step(ConsumerGroup group, ConsumerGroupDraft draft, string memberId, in GroupJoin join)
    {
        ConsumerProtocolSubscription said = ConsumerProtocol.TryReadSubscription(join.Protocols[0].Metadata)!;
        bool isNew = !draft.State.Members.TryGetValue(memberId, out ConsumerMember? before);
        before ??= ConsumerMember.New(memberId);
        MemberSubscription asked = before.Subscription with
        {
            InstanceId = join.InstanceId ?? before.Subscription.InstanceId,
            RackId = said.RackId ?? before.Subscription.RackId,
            RebalanceTimeoutMs = join.RebalanceTimeoutMs,
            Topics = MemberSubscription.Ordered(said.Topics),
            Regex = null,
            Client = join.Client,
            Classic = new ClassicMetadata(join.SessionTimeoutMs, join.Protocols),
        };
        bool regexChanged = before.Subscription.Regex is not null;
        bool changed = !asked.HasSameTopics(before.Subscription) || regexChanged;
        if (isNew || !asked.Equals(before.Subscription)) draft.Write(new ConsumerGroupChange.Member(memberId, asked));
        if (regexChanged) RegexSubscriptions.RemoveUnused(draft);
        bool moved = _regexes.Refresh(group, draft);
        _rebalancer.UpdateTopics(group, draft, changed || moved || draft.State.GroupEpoch == 0);
        _rebalancer.UpdateTarget(group, draft);
        TopicPartitionSet owned = ConsumerProtocol.ToSet(said.OwnedPartitions.Select(topic => (topic.Topic, topic.Partitions)), services.Topics());
        return ConsumerGroupRebalancer.Reconcile(draft, memberId, owned, changed);
    }

    private static ErrorCode Commit(ConsumerGroup group, ConsumerGroupDraft draft, ConsumerMember member)
    {
        ErrorCode error = group.Commit(draft, mayGrow: group.State.Members.ContainsKey(member.Id));
        if (error == ErrorCode.None) group.AwaitSync(member);
        return error;
    }

    private ErrorCode Downgrade(ConsumerGroup group, ConsumerGroupDraft draft, out ClassicGroup? classic)
    {
        // The members go on in the group's generation where it has not changed for them; else they are told to join anew.
        bool rebalance = draft.State.Members.Values.Any(one => !one.IsReconciledTo(draft.State.GroupEpoch));
        return departures.Downgrade(group, draft, rebalance, out classic);
    }

    private static ErrorCode Find(ConsumerGroup group, string memberId, string? instanceId, int generationId, out ConsumerMember? member)
    {
        member = null;
        if (instanceId is not null)
        {
            if (!group.State.TryGetStatic(instanceId, out ConsumerMember? holder)) return ErrorCode.UnknownMemberId;
            if (holder.Id != memberId) return ErrorCode.FencedInstanceId;
        }

        if (!group.State.Members.TryGetValue(memberId, out member) || !member.IsClassic) return ErrorCode.UnknownMemberId;
        return member.Epoch == generationId ? ErrorCode.None : ErrorCode.IllegalGeneration;
    }

    private static bool MissesNothingThatIsHeld(ConsumerGroupState state, ConsumerMember member)
    {
        IReadOnlySet<Guid> subscribed = state.TopicIdsOf(member);
        return state.TargetOf(member.Id).Except(member.Current.Assigned.Set).All
            .All(missing => !subscribed.Contains(missing.Topic) || !state.Owners.ContainsKey(missing));
    }
}
