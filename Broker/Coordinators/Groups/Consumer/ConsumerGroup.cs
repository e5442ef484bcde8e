using KBroker.Controller.Metadata;
using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>
/// A group of the consumer protocol (KIP-848): its state and the deadlines of its members. A state machine without threads, clock or
/// network; what happens to it is in <see cref="ConsumerGroupHeartbeats"/> and, for members of the classic protocol, in
/// <see cref="ClassicProtocolMembers"/>.
/// </summary>
/// <remarks>
/// The state changes by records alone, right after they are appended, so that a replay of the log makes the same one. Invariants: a
/// partition is given to a member only when nobody else holds it; the epochs of the group and of the target only rise; a member's epoch
/// only rises while it is in, and is at most the target's.
/// </remarks>
public sealed class ConsumerGroup : IGroup
{
    /// <summary>The name of this kind of group.</summary>
    public const string ConsumerType = "consumer";

    private const int BytesOfMember = 1_500;
    private const int BytesOfPartition = 300;
    private const int BytesOfNamedTopic = 100;

    private readonly GroupServices _services;
    private readonly Action<ConsumerGroup, IReadOnlyList<string>> _fence;
    private readonly Dictionary<string, MemberDeadlines> _deadlines = new(StringComparer.Ordinal);
    private readonly GroupHoldings _holdings;
    private bool _ended;

    /// <summary>A group without members.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="services">Log, clock, settings and topics.</param>
    /// <param name="fence">Takes members out whose time is over.</param>
    internal ConsumerGroup(string id, GroupServices services, Action<ConsumerGroup, IReadOnlyList<string>> fence)
    {
        Id = id;
        _services = services;
        _fence = fence;
        _holdings = new GroupHoldings(services, id);
    }

    /// <inheritdoc/>
    public string Id { get; }

    /// <inheritdoc/>
    public string TypeName => ConsumerType;

    /// <summary>What the group remembers.</summary>
    public ConsumerGroupState State { get; private set; } = ConsumerGroupState.Empty;

    /// <inheritdoc/>
    public string StateName => (_ended ? ConsumerGroupPhase.Dead : State.Phase).ToString();

    /// <inheritdoc/>
    public string? ProtocolType => ConsumerProtocol.TypeName;

    /// <inheritdoc/>
    public bool IsUnused => State.Members.IsEmpty;

    /// <inheritdoc/>
    public long? UnusedSinceMs => null;

    /// <inheritdoc/>
    public IReadOnlySet<string>? SubscribedTopics => State.SubscribedTopicNames();

    /// <summary>The metadata that the topics were last looked at in; what is newer may have changed them.</summary>
    internal MetadataVersion? SeenVersion { get; private set; }

    /// <summary>How far the group's expressions are matched with the topics; null before the first time.</summary>
    internal RegexProgress? RegexProgress { get; private set; }

    /// <summary>The settings of this group.</summary>
    internal ConsumerGroupConfig Config => _services.ConfigOf(Id).Consumer;

    /// <summary>The members of the classic protocol.</summary>
    internal IEnumerable<ConsumerMember> ClassicMembers => State.Members.Values.Where(member => member.IsClassic);

    /// <inheritdoc/>
    public CommitPermission CheckCommit(in OffsetCommitter committer, bool isTransactional)
    {
        (string memberId, string? instanceId, int epoch) = (committer.MemberId, committer.InstanceId, committer.GenerationId);
        if (epoch < 0 && State.Members.IsEmpty) return default;
        if (isTransactional && epoch < 0 && memberId.Length == 0 && instanceId is null) return default;
        if (!State.Members.TryGetValue(memberId, out ConsumerMember? member)) return new CommitPermission(ErrorCode.UnknownMemberId);
        if (!isTransactional && !member.IsClassic && !committer.KnowsMemberEpochs) return new CommitPermission(ErrorCode.UnsupportedVersion);
        ErrorCode stale = member.IsClassic ? ErrorCode.IllegalGeneration : ErrorCode.StaleMemberEpoch;
        if (epoch == member.Epoch) return default;
        if (epoch > member.Epoch) return new CommitPermission(stale);
        ClusterMetadataImage topics = _services.Topics();
        return new CommitPermission(ErrorCode.None, key =>
            topics.TryGetTopic(key.Topic, out TopicImage? topic)
            && member.Current.EpochOf(topic.Id, key.Partition) is { } given && epoch >= given
                ? ErrorCode.None
                : stale);
    }

    /// <inheritdoc/>
    public ErrorCode CheckFetch(string? memberId, int memberEpoch)
    {
        if (string.IsNullOrEmpty(memberId) && memberEpoch < 0) return ErrorCode.None;
        if (!State.Members.TryGetValue(memberId ?? "", out ConsumerMember? member)) return ErrorCode.UnknownMemberId;
        if (memberEpoch == member.Epoch) return ErrorCode.None;
        return member.IsClassic ? ErrorCode.IllegalGeneration : ErrorCode.StaleMemberEpoch;
    }

    /// <inheritdoc/>
    public IReadOnlyList<CoordinatorRecord> Tombstones()
    {
        var draft = new ConsumerGroupDraft(Id, State);
        draft.RemoveAll();
        return draft.Records;
    }

    /// <inheritdoc/>
    public void StartSessions()
    {
        foreach (ConsumerMember member in State.Members.Values)
        {
            StartSession(member);
            FollowRevocation(member, member);
        }
    }

    /// <inheritdoc/>
    public void End(ErrorCode error)
    {
        _ended = true;
        foreach (MemberDeadlines deadlines in _deadlines.Values) deadlines.Cancel();
        _deadlines.Clear();
        _holdings.Release();
    }

    /// <summary>Takes over what a record of the log says.</summary>
    internal void Replay(ConsumerGroupChange change)
    {
        string? touched = change switch
        {
            ConsumerGroupChange.Member member => member.Id,
            ConsumerGroupChange.Current current => current.MemberId,
            _ => null,
        };
        ConsumerGroupState before = State;
        State = State.Apply(change);
        if (touched is not null) _holdings.Add(SizeOf(State.Members.GetValueOrDefault(touched)) - SizeOf(before.Members.GetValueOrDefault(touched)));
        _holdings.Add(GrowthOfRegexes(before, State));
    }

    /// <summary>Writes what an event does; nothing happens if that fails.</summary>
    /// <param name="draft">What it does.</param>
    /// <param name="mayGrow">Whether the group may hold more memory for it, whatever the bounds are: what members are given is not refused.</param>
    /// <param name="freedBytes">What the group that this one replaces gives back.</param>
    internal ErrorCode Commit(ConsumerGroupDraft draft, bool mayGrow = true, long freedBytes = 0)
    {
        long growth = draft.Touched.Sum(id => SizeOf(draft.State.Members.GetValueOrDefault(id)) - SizeOf(State.Members.GetValueOrDefault(id)));
        growth += GrowthOfRegexes(State, draft.State);
        ErrorCode error = mayGrow ? ErrorCode.None : _holdings.RefusalOf(growth, freedBytes);
        if (error == ErrorCode.None && draft.Records.Count > 0) error = _services.Log.Append(draft.Records);
        if (error != ErrorCode.None) return error;
        _holdings.Add(growth);
        ConsumerGroupState before = State;
        State = draft.State;
        SeenVersion = draft.SeenVersion ?? SeenVersion;
        RegexProgress = draft.RegexProgress ?? RegexProgress;
        if (ReferenceEquals(before.Members, State.Members)) return ErrorCode.None;
        foreach (string touched in draft.Touched)
        {
            if (!State.Members.ContainsKey(touched) && _deadlines.Remove(touched, out MemberDeadlines? deadlines)) deadlines.Cancel();
        }

        return ErrorCode.None;
    }

    /// <summary>The member was heard of.</summary>
    internal void StartSession(ConsumerMember member) =>
        DeadlinesOf(member.Id).Session.Start(member.Subscription.Classic?.SessionTimeoutMs ?? Config.SessionTimeoutMs);

    /// <summary>A member of the consumer protocol that is to let partitions go has its rebalance timeout for that.</summary>
    internal void FollowRevocation(ConsumerMember before, ConsumerMember after)
    {
        if (after.IsClassic) return;
        DeadlinesOf(after.Id).Join.Cancel();
        DeadlinesOf(after.Id).Sync.Cancel();
        if (after.Current.State != ConsumerMemberState.UnrevokedPartitions || after.Epoch == ConsumerMember.StaticLeaveEpoch)
        {
            DeadlinesOf(after.Id).Rebalance.Cancel();
            return;
        }

        CoordinatorTimer rebalance = DeadlinesOf(after.Id).Rebalance;
        if (!rebalance.IsRunning || !before.Current.Equals(after.Current)) rebalance.Start(after.Subscription.RebalanceTimeoutMs);
    }

    /// <summary>A classic member has been told to join again: it has its rebalance timeout for that, from the first time on.</summary>
    internal void AwaitJoin(ConsumerMember member)
    {
        CoordinatorTimer join = DeadlinesOf(member.Id).Join;
        if (!join.IsRunning) join.Start(member.Subscription.RebalanceTimeoutMs);
    }

    /// <summary>A classic member has joined: it has its rebalance timeout to ask for its assignment.</summary>
    internal void AwaitSync(ConsumerMember member)
    {
        MemberDeadlines deadlines = DeadlinesOf(member.Id);
        deadlines.Rebalance.Cancel();
        deadlines.Join.Cancel();
        deadlines.Sync.Start(member.Subscription.RebalanceTimeoutMs);
        StartSession(member);
    }

    /// <summary>A classic member has asked for its assignment.</summary>
    internal void OnSync(ConsumerMember member)
    {
        DeadlinesOf(member.Id).Sync.Cancel();
        StartSession(member);
    }

    /// <summary>About what a member takes, bytes.</summary>
    private static long SizeOf(ConsumerMember? member)
    {
        if (member is null) return 0;
        MemberSubscription asked = member.Subscription;
        long size = BytesOfMember + GroupHoldings.SizeOf(member.Id) + GroupHoldings.SizeOf(asked.InstanceId) + GroupHoldings.SizeOf(asked.RackId)
            + GroupHoldings.SizeOf(asked.Client.ClientId) + GroupHoldings.SizeOf(asked.Regex) + asked.Topics.Sum(GroupHoldings.SizeOf);
        foreach (MemberProtocol protocol in asked.Classic?.Protocols ?? []) size += GroupHoldings.SizeOf(protocol.Name) + protocol.Metadata.Length;
        return size + (BytesOfPartition * (long)(member.Current.Assigned.Set.Count + member.Current.PendingRevocation.Set.Count));
    }

    /// <summary>What expressions name is held once for the group.</summary>
    private static long GrowthOfRegexes(ConsumerGroupState before, ConsumerGroupState after) => ReferenceEquals(before.Regexes, after.Regexes)
        ? 0
        : after.Regexes.Sum(SizeOf) - before.Regexes.Sum(SizeOf);

    private static long SizeOf(KeyValuePair<string, ResolvedRegex> regex) =>
        GroupHoldings.SizeOf(regex.Key) + (BytesOfNamedTopic * (long)regex.Value.Topics.Count);

    private MemberDeadlines DeadlinesOf(string memberId)
    {
        if (_deadlines.TryGetValue(memberId, out MemberDeadlines? deadlines)) return deadlines;
        deadlines = new MemberDeadlines(_services.Timers, () => OnExpired(memberId));
        _deadlines.Add(memberId, deadlines);
        return deadlines;
    }

    private void OnExpired(string memberId)
    {
        if (!State.Members.TryGetValue(memberId, out ConsumerMember? member)) return;
        _fence(this, [memberId]);
        // A disk that refuses this now is asked again later.
        if (!_ended && State.Members.ContainsKey(memberId)) StartSession(member);
    }

    /// <summary>Until when a member has to have done what.</summary>
    private sealed class MemberDeadlines(CoordinatorTimers timers, Action expired)
    {
        public CoordinatorTimer Session { get; } = new(timers, expired);

        public CoordinatorTimer Rebalance { get; } = new(timers, expired);

        public CoordinatorTimer Join { get; } = new(timers, expired);

        public CoordinatorTimer Sync { get; } = new(timers, expired);

        public void Cancel()
        {
            Session.Cancel();
            Rebalance.Cancel();
            Join.Cancel();
            Sync.Cancel();
        }
    }
}
