using System.Collections.Frozen;
using System.Diagnostics;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>
/// A classic consumer group (JoinGroup, SyncGroup, Heartbeat, LeaveGroup): a state machine without threads, clock or network. It is
/// stepped by its loop; answers go to the given delegates, at once or later.
/// </summary>
/// <remarks>
/// A rebalance: members join; when all have, or the longest rebalance timeout is over, a generation begins, every JoinGroup is
/// answered and the leader is told the members; when the leader's SyncGroup has brought the assignment and that is committed to the
/// log, every SyncGroup is answered. Invariants: a partition has one owner per generation, because only the leader's assignment of
/// the present generation is taken; a member of an older generation is refused with ILLEGAL_GENERATION wherever it writes.
/// </remarks>
public sealed class ClassicGroup : IGroup
{
    private const int LeastWaitForStaticMs = 1_000;

    private readonly GroupServices _services;
    private readonly Dictionary<string, CoordinatorTimer> _pendingMembers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _pendingSyncs = new(StringComparer.Ordinal);
    private readonly CoordinatorTimer _joinDeadline;
    private readonly CoordinatorTimer _syncDeadline;
    private readonly CoordinatorTimer _initialDelay;
    private int _initialDelayLeftMs;
    private bool _joinedDuringDelay;

    /// <summary>An empty group.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="services">Log, clock, settings and chance.</param>
    public ClassicGroup(string id, GroupServices services)
    {
        ArgumentNullException.ThrowIfNull(services);
        Id = id;
        _services = services;
        Holdings = new GroupHoldings(services, id);
        Members = new ClassicMembership(Holdings);
        _joinDeadline = new CoordinatorTimer(services.Timers, CompleteJoin);
        _syncDeadline = new CoordinatorTimer(services.Timers, OnSyncDeadline);
        _initialDelay = new CoordinatorTimer(services.Timers, OnInitialDelay);
        StateSinceMs = services.WallClockMs();
    }

    /// <summary>The group's name.</summary>
    public string Id { get; }

    /// <summary>Its members.</summary>
    public ClassicMembership Members { get; }

    /// <summary>What it holds in memory.</summary>
    public GroupHoldings Holdings { get; }

    /// <summary>Where it stands.</summary>
    public ClassicGroupState State { get; private set; }

    /// <summary>The number of the present generation; rises with every rebalance.</summary>
    public int GenerationId { get; private set; }

    /// <summary>The protocol of the present generation; null without one.</summary>
    public string? ProtocolName { get; private set; }

    /// <summary>What kind of group it is; null while nobody has said.</summary>
    public string? ProtocolType { get; private set; }

    /// <summary>Since when it stands there: wall-clock milliseconds.</summary>
    public long StateSinceMs { get; private set; }

    /// <summary>Whether the group has neither members nor someone who is about to become one.</summary>
    public bool IsUnused => State == ClassicGroupState.Empty && _pendingMembers.Count == 0;

    /// <inheritdoc/>
    public string TypeName => GroupDescription.ClassicType;

    /// <inheritdoc/>
    public string StateName => State.ToString();

    /// <inheritdoc/>
    public long? UnusedSinceMs => State == ClassicGroupState.Empty && ProtocolType is not null ? StateSinceMs : null;

    /// <inheritdoc/>
    public IReadOnlySet<string>? SubscribedTopics => State == ClassicGroupState.Empty
        ? FrozenSet<string>.Empty : ClassicSubscriptions.Of(this);

    /// <summary>Whether a member was told an id and has not come back with it.</summary>
    public bool IsPending(string memberId) => _pendingMembers.ContainsKey(memberId);

    /// <summary>JoinGroup: takes a member into the next generation.</summary>
    /// <param name="join">The request.</param>
    /// <param name="reply">Gets the answer, when the generation begins or at once.</param>
    public void Join(in GroupJoin join, Action<JoinGroupResponse> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (State == ClassicGroupState.Dead)
        {
            reply(ClassicMember.JoinRefused(join.MemberId, ErrorCode.CoordinatorNotAvailable));
        }
        else if (!HasRoomFor(join.MemberId))
        {
            ForgetPending(join.MemberId);
            reply(ClassicMember.JoinRefused("", ErrorCode.GroupMaxSizeReached));
        }
        else if (!Members.Fits(join.ProtocolType, join.Protocols))
        {
            reply(ClassicMember.JoinRefused(join.MemberId, ErrorCode.InconsistentGroupProtocol));
        }
        else if (join.MemberId.Length == 0)
        {
            JoinUnknown(join, reply);
        }
        else if (_pendingMembers.ContainsKey(join.MemberId))
        {
            // A static member is never asked to come back, so this id is somebody else's.
            if (join.InstanceId is not null) reply(ClassicMember.JoinRefused(join.MemberId, ErrorCode.UnknownMemberId));
            else AddMember(join.MemberId, join, reply);
        }
        else
        {
            ErrorCode error = Members.Check(join.MemberId, join.InstanceId);
            if (error != ErrorCode.None) reply(ClassicMember.JoinRefused(join.MemberId, error));
            else JoinAgain(Find(join.MemberId), join, reply);
        }
    }

    /// <summary>SyncGroup: asks for the assignment; the leader brings everybody's.</summary>
    /// <param name="sync">The request.</param>
    /// <param name="reply">Gets the answer, when the assignment is committed or at once.</param>
    public void Sync(in GroupSync sync, Action<SyncGroupResponse> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        ErrorCode error = State == ClassicGroupState.Dead ? ErrorCode.CoordinatorNotAvailable : Members.Check(sync.MemberId, sync.InstanceId);
        if (error == ErrorCode.None && sync.GenerationId != GenerationId) error = ErrorCode.IllegalGeneration;
        if (error == ErrorCode.None && (Contradicts(sync.ProtocolType, ProtocolType) || Contradicts(sync.ProtocolName, ProtocolName)))
            error = ErrorCode.InconsistentGroupProtocol;
        if (error == ErrorCode.None && State == ClassicGroupState.PreparingRebalance) error = ErrorCode.RebalanceInProgress;
        if (error != ErrorCode.None)
        {
            reply(ClassicMember.SyncRefused(error));
            return;
        }

        ClassicMember member = Find(sync.MemberId);
        _pendingSyncs.Remove(member.Id);
        if (_pendingSyncs.Count == 0) _syncDeadline.Cancel();
        if (State == ClassicGroupState.Stable)
        {
            StartSession(member);
            reply(Assigned(member));
            return;
        }

        member.AnswerSync(ClassicMember.SyncRefused(ErrorCode.RebalanceInProgress));
        member.SyncReply = reply;
        if (Members.LeaderId == member.Id) TakeAssignment(sync.Assignments);
    }

    /// <summary>Heartbeat: the member lives; REBALANCE_IN_PROGRESS tells it to join again.</summary>
    public ErrorCode Heartbeat(string memberId, string? instanceId, int generationId)
    {
        if (State == ClassicGroupState.Dead) return ErrorCode.CoordinatorNotAvailable;
        ErrorCode error = Members.Check(memberId, instanceId);
        if (error != ErrorCode.None) return error;
        if (generationId != GenerationId) return ErrorCode.IllegalGeneration;
        StartSession(Find(memberId));
        return State == ClassicGroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>LeaveGroup: takes members out, by id or, for static ones, by instance id alone. One error for each.</summary>
    public ErrorCode[] Leave(IReadOnlyList<GroupLeaver> leavers)
    {
        ArgumentNullException.ThrowIfNull(leavers);
        var errors = new ErrorCode[leavers.Count];
        bool anyLeft = false;
        for (int i = 0; i < leavers.Count; i++)
        {
            (string memberId, string? instanceId) = leavers[i];
            if (memberId.Length == 0)
            {
                string? holder = instanceId is null ? null : Members.FindStatic(instanceId);
                if (holder is null) errors[i] = ErrorCode.UnknownMemberId;
                else Expel(Find(holder));
            }
            else if (!ForgetPending(memberId))
            {
                errors[i] = Members.Check(memberId, instanceId);
                if (errors[i] == ErrorCode.None) Expel(Find(memberId));
            }

            anyLeft |= errors[i] == ErrorCode.None;
        }

        if (anyLeft) AfterDeparture();
        return errors;
    }

    /// <summary>
    /// Whether somebody may commit offsets for this group: a member of the present generation, or, while there are no members, a
    /// client that manages its partitions itself (<paramref name="generationId"/> below 0).
    /// </summary>
    /// <param name="memberId">The member; empty for none.</param>
    /// <param name="instanceId">Its instance id, if it is static.</param>
    /// <param name="generationId">The generation it believes in.</param>
    /// <param name="isTransactional">TxnOffsetCommit: old clients do not say which member they are.</param>
    public ErrorCode CheckCommit(string memberId, string? instanceId, int generationId, bool isTransactional)
    {
        if (State == ClassicGroupState.Dead) return ErrorCode.CoordinatorNotAvailable;
        if (generationId < 0 && State == ClassicGroupState.Empty) return ErrorCode.None;
        if (generationId >= 0 || memberId.Length > 0 || instanceId is not null)
        {
            ErrorCode error = Members.Check(memberId, instanceId);
            if (error != ErrorCode.None) return error;
            if (generationId != GenerationId) return ErrorCode.IllegalGeneration;
        }
        else if (!isTransactional)
        {
            return ErrorCode.UnknownMemberId;
        }

        if (isTransactional) return ErrorCode.None;
        if (State == ClassicGroupState.CompletingRebalance) return ErrorCode.RebalanceInProgress;
        StartSession(Find(memberId));
        return ErrorCode.None;
    }

    /// <inheritdoc/>
    public CommitPermission CheckCommit(in OffsetCommitter committer, bool isTransactional) =>
        new(CheckCommit(committer.MemberId, committer.InstanceId, committer.GenerationId, isTransactional));

    /// <inheritdoc/>
    public ErrorCode CheckFetch(string? memberId, int memberEpoch) => ErrorCode.None;

    /// <inheritdoc/>
    public IReadOnlyList<CoordinatorRecord> Tombstones() => [ClassicGroupRecords.Tombstone(Id)];

    /// <summary>The record that keeps the group over a move of its coordinator.</summary>
    public CoordinatorRecord ToRecord() =>
        ClassicGroupRecords.Write(this, member => member.Assignment);

    /// <summary>Takes over what a record of the log says; the members get their session timeout to show up.</summary>
    public void Restore(GroupMetadataValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        GenerationId = value.Generation;
        ProtocolType = value.ProtocolType.Length == 0 ? null : value.ProtocolType;
        ProtocolName = value.Protocol;
        State = value.Members.Length == 0 ? ClassicGroupState.Empty : ClassicGroupState.Stable;
        if (value.CurrentStateTimestamp >= 0) StateSinceMs = value.CurrentStateTimestamp;
        foreach (GroupMetadataValue.MemberMetadata stored in value.Members)
        {
            ClassicMember member = NewMember(stored.MemberId, stored.GroupInstanceId, new MemberClient(stored.ClientId, stored.ClientHost));
            member.RebalanceTimeoutMs = stored.RebalanceTimeout >= 0 ? stored.RebalanceTimeout : stored.SessionTimeout;
            member.SessionTimeoutMs = stored.SessionTimeout;
            member.Protocols = [new MemberProtocol(value.Protocol ?? "", stored.Subscription)];
            member.Assignment = stored.Assignment;
            Members.Add(member, value.ProtocolType);
        }

        Members.RestoreLeader(value.Leader);
    }

    /// <summary>Takes over the members of a consumer group that becomes a classic one, in a stable generation.</summary>
    internal void Adopt(int generationId, IEnumerable<AdoptedMember> members)
    {
        GenerationId = generationId;
        ProtocolType = ConsumerProtocol.TypeName;
        foreach (AdoptedMember adopted in members)
        {
            ClassicMember member = NewMember(adopted.Id, adopted.InstanceId, adopted.Client);
            member.SessionTimeoutMs = adopted.SessionTimeoutMs;
            member.RebalanceTimeoutMs = adopted.RebalanceTimeoutMs;
            member.Protocols = adopted.Protocols;
            member.Assignment = adopted.Assignment;
            Members.Add(member, ConsumerProtocol.TypeName);
        }

        ProtocolName = Members.SelectProtocol();
        MoveTo(ClassicGroupState.Stable);
    }

    /// <summary>Has the members of a stable group join again.</summary>
    internal void Rebalance() => PrepareRebalance();

    /// <inheritdoc/>
    public void StartSessions()
    {
        foreach (ClassicMember member in Members.All) StartSession(member);
    }

    /// <inheritdoc/>
    public void End(ErrorCode error)
    {
        State = ClassicGroupState.Dead;
        Holdings.Release();
        _joinDeadline.Cancel();
        _syncDeadline.Cancel();
        _initialDelay.Cancel();
        foreach (CoordinatorTimer timer in _pendingMembers.Values) timer.Cancel();
        foreach (ClassicMember member in Members.All)
        {
            member.Session.Cancel();
            member.AnswerJoin(ClassicMember.JoinRefused(member.Id, error));
            member.AnswerSync(ClassicMember.SyncRefused(error));
        }
    }

    private static bool Contradicts(string? given, string? actual) => given is not null && actual is not null && given != actual;

    private ClassicMember Find(string memberId) =>
        Members.TryGet(memberId, out ClassicMember? member) ? member : throw new UnreachableException($"{memberId} was checked to be a member");

    /// <summary>A group that is full takes nobody; members that are in may go on, and while members join only those who came count.</summary>
    private bool HasRoomFor(string memberId)
    {
        int most = _services.Config.MaxSize;
        bool isMember = Members.TryGet(memberId, out ClassicMember? member);
        return State switch
        {
            // Who was told an id holds a place: an id costs memory as a member does.
            ClassicGroupState.Empty => _pendingMembers.ContainsKey(memberId) || _pendingMembers.Count < most,
            ClassicGroupState.PreparingRebalance => (isMember && member!.AwaitsJoin)
                || Members.All.Count(one => one.AwaitsJoin) + (memberId.Length == 0 ? _pendingMembers.Count : 0) < most,
            _ => isMember || Members.Count + (memberId.Length == 0 ? _pendingMembers.Count : 0) < most,
        };
    }

    private void JoinUnknown(in GroupJoin join, Action<JoinGroupResponse> reply)
    {
        string memberId = $"{join.InstanceId ?? join.Client.ClientId}-{_services.NewId()}";
        if (join.InstanceId is not null && Members.FindStatic(join.InstanceId) is { } old)
        {
            ReplaceStatic(Find(old), memberId, join, reply);
            return;
        }

        if (join.InstanceId is not null || !join.MustKnowId)
        {
            AddMember(memberId, join, reply);
            return;
        }

        ErrorCode refused = Holdings.RefusalOf(GroupHoldings.SizeOfPending(memberId));
        if (refused != ErrorCode.None)
        {
            reply(ClassicMember.JoinRefused("", refused));
            return;
        }

        // The client has to come back with the id, so that one that gives up before it hears the answer leaves no member behind (KIP-394).
        var timer = new CoordinatorTimer(_services.Timers, () => OnPendingExpired(memberId));
        timer.Start(join.SessionTimeoutMs);
        _pendingMembers.Add(memberId, timer);
        Holdings.Add(GroupHoldings.SizeOfPending(memberId));
        reply(ClassicMember.JoinRefused(memberId, ErrorCode.MemberIdRequired));
    }

    private void AddMember(string memberId, in GroupJoin join, Action<JoinGroupResponse> reply)
    {
        ErrorCode refused = Holdings.RefusalOf(ClassicMembership.SizeOf(memberId, join.InstanceId, join.Client, join.Protocols, 0));
        if (refused != ErrorCode.None)
        {
            reply(ClassicMember.JoinRefused(memberId, refused));
            return;
        }

        ForgetPending(memberId);
        ClassicMember member = NewMember(memberId, join.InstanceId, join.Client);
        member.IsNew = true;
        member.Protocols = join.Protocols;
        Members.Add(member, join.ProtocolType);
        ProtocolType ??= join.ProtocolType;
        if (Members.Count == 1) ProtocolType = join.ProtocolType;
        Update(member, join, reply);
        member.Session.Start(_services.Config.NewMemberJoinTimeoutMs);
        if (_initialDelay.IsRunning) _joinedDuringDelay = true;
        RebalanceOrComplete();
    }

    private void JoinAgain(ClassicMember member, in GroupJoin join, Action<JoinGroupResponse> reply)
    {
        bool same = member.HasSame(join.Protocols);
        bool leads = Members.LeaderId == member.Id;
        // A member that did not hear the answer asks again; a leader of a stable group asks because it sees a reason to rebalance.
        if ((State == ClassicGroupState.CompletingRebalance && same) || (State == ClassicGroupState.Stable && same && !leads))
        {
            reply(Joined(member));
            return;
        }

        if (State == ClassicGroupState.Empty)
        {
            reply(ClassicMember.JoinRefused(member.Id, ErrorCode.UnknownMemberId));
            return;
        }

        ErrorCode refused = Holdings.RefusalOf(
            ClassicMembership.SizeOf(member.Id, member.InstanceId, member.Client, join.Protocols, member.Assignment.Length) - member.HeldBytes);
        if (refused != ErrorCode.None)
        {
            reply(ClassicMember.JoinRefused(member.Id, refused));
            return;
        }

        Members.SetProtocols(member, join.Protocols);
        Update(member, join, reply);
        RebalanceOrComplete();
    }

    /// <summary>
    /// A static member is back under its instance id. Where nothing changes for the others it takes over its old place without a
    /// rebalance; whoever holds the old id is fenced.
    /// </summary>
    private void ReplaceStatic(ClassicMember member, string newId, in GroupJoin join, Action<JoinGroupResponse> reply)
    {
        ErrorCode refused = Holdings.RefusalOf(
            ClassicMembership.SizeOf(newId, member.InstanceId, join.Client, join.Protocols, member.Assignment.Length) - member.HeldBytes);
        if (refused != ErrorCode.None)
        {
            reply(ClassicMember.JoinRefused("", refused));
            return;
        }

        (string oldId, string? oldLeader) = (member.Id, Members.LeaderId);
        member.AnswerJoin(ClassicMember.JoinRefused(oldId, ErrorCode.FencedInstanceId));
        member.AnswerSync(ClassicMember.SyncRefused(ErrorCode.FencedInstanceId));
        Members.Rename(member, newId);
        if (_pendingSyncs.Remove(oldId)) _pendingSyncs.Add(newId);
        IReadOnlyList<MemberProtocol> oldProtocols = member.Protocols;
        member.Client = join.Client;
        Members.SetProtocols(member, join.Protocols);
        member.RebalanceTimeoutMs = join.RebalanceTimeoutMs;
        member.SessionTimeoutMs = join.SessionTimeoutMs;
        StartSession(member);
        bool keepsPlace = State == ClassicGroupState.Stable && Members.SelectProtocol() == ProtocolName;
        if (!keepsPlace)
        {
            member.JoinReply = reply;
            if (State is ClassicGroupState.Stable or ClassicGroupState.CompletingRebalance) PrepareRebalance();
            else CompleteJoinIfAllAreHere();
            return;
        }

        ErrorCode error = _services.Log.Append([ToRecord()]);
        if (error != ErrorCode.None)
        {
            Members.Rename(member, oldId);
            Members.SetProtocols(member, oldProtocols);
            reply(ClassicMember.JoinRefused("", error));
            return;
        }

        bool leads = Members.LeaderId == newId;
        JoinGroupResponse response = Joined(member);
        // A client that cannot be told to skip the assignment would compute a new one as leader: it is told of the old id instead,
        // and so takes itself for a follower (KIP-814).
        if (join.CanSkipAssignment) response.SkipAssignment = leads;
        else (response.Leader, response.Members) = (oldLeader ?? "", []);
        _services.Log.WhenCommitted(failure => reply(failure == ErrorCode.None ? response : ClassicMember.JoinRefused("", failure)));
    }

    private void TakeAssignment(IReadOnlyList<GroupAssignment> assignments)
    {
        var given = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (GroupAssignment assignment in assignments) given[assignment.MemberId] = assignment.Assignment;
        CoordinatorRecord record = ClassicGroupRecords.Write(this, member => given.GetValueOrDefault(member.Id, []));
        int generation = GenerationId;
        long growth = Members.All.Sum(member => (long)(given.GetValueOrDefault(member.Id)?.Length ?? 0) - member.Assignment.Length);
        ErrorCode refused = Holdings.RefusalOf(growth) switch
        {
            ErrorCode.None => _services.Log.Append([record]),
            // That the group is full is an answer to JoinGroup alone.
            ErrorCode.GroupMaxSizeReached => ErrorCode.UnknownServerError,
            ErrorCode full => full,
        };
        if (refused != ErrorCode.None)
        {
            OnAssignment(refused);
            return;
        }

        // The members may change meanwhile, and with them the generation.
        _services.Log.WhenCommitted(OnAssignment);

        void OnAssignment(ErrorCode error)
        {
            if (State != ClassicGroupState.CompletingRebalance || generation != GenerationId) return;
            if (error != ErrorCode.None)
            {
                RefuseSyncs(error);
                RebalanceOrComplete();
                return;
            }

            MoveTo(ClassicGroupState.Stable);
            foreach (ClassicMember member in Members.All)
            {
                Members.SetAssignment(member, given.GetValueOrDefault(member.Id, []));
                if (member.AnswerSync(Assigned(member))) StartSession(member);
            }
        }
    }

    private void RebalanceOrComplete()
    {
        if (State is ClassicGroupState.PreparingRebalance) CompleteJoinIfAllAreHere();
        else PrepareRebalance();
    }

    private void PrepareRebalance()
    {
        if (State == ClassicGroupState.CompletingRebalance) RefuseSyncs(ErrorCode.RebalanceInProgress);
        _pendingSyncs.Clear();
        _syncDeadline.Cancel();
        bool isFirst = State == ClassicGroupState.Empty;
        MoveTo(ClassicGroupState.PreparingRebalance);
        if (isFirst)
        {
            int delay = _services.Config.InitialRebalanceDelayMs;
            _initialDelayLeftMs = Math.Max(Members.RebalanceTimeoutMs - delay, 0);
            _joinedDuringDelay = false;
            if (delay > 0)
            {
                _initialDelay.Start(delay);
                return;
            }
        }

        if (HaveAllJoined) CompleteJoin();
        else _joinDeadline.Start(Members.RebalanceTimeoutMs);
    }

    private bool HaveAllJoined => _pendingMembers.Count == 0 && Members.All.All(member => member.AwaitsJoin);

    private void CompleteJoinIfAllAreHere()
    {
        // Those who come while the first rebalance waits for more are not waited for, but with.
        if (!_initialDelay.IsRunning && HaveAllJoined) CompleteJoin();
    }

    /// <summary>More members came during the delay: it is drawn out, up to the rebalance timeout in all.</summary>
    private void OnInitialDelay()
    {
        if (!_joinedDuringDelay || _initialDelayLeftMs == 0)
        {
            CompleteJoin();
            return;
        }

        _joinedDuringDelay = false;
        int delay = Math.Min(_services.Config.InitialRebalanceDelayMs, _initialDelayLeftMs);
        _initialDelayLeftMs -= delay;
        _initialDelay.Start(delay);
    }

    /// <summary>Begins the next generation with those who have joined and the static members, who keep their place for their session.</summary>
    private void CompleteJoin()
    {
        _joinDeadline.Cancel();
        _initialDelay.Cancel();
        foreach (ClassicMember late in Members.All.Where(member => !member.AwaitsJoin && member.InstanceId is null).ToList()) Members.Remove(late.Id);
        if (Members.Count > 0 && !Members.ElectJoinedLeader())
        {
            // Static members alone, and none is here: one of them has to come, or their sessions end. Their client may have chosen no time.
            _joinDeadline.Start(Math.Max(Members.RebalanceTimeoutMs, LeastWaitForStaticMs));
            return;
        }

        GenerationId++;
        if (Members.Count == 0)
        {
            ProtocolName = null;
            MoveTo(ClassicGroupState.Empty);
            // If this is not written, the generation may be used again by a later coordinator, but nobody is in it.
            _services.Log.Append([ToRecord()]);
            return;
        }

        ProtocolName = Members.SelectProtocol();
        MoveTo(ClassicGroupState.CompletingRebalance);
        foreach (ClassicMember member in Members.All)
        {
            member.IsNew = false;
            // A static member that is away is in the generation, but nobody waits for its SyncGroup longer than for the others'.
            _pendingSyncs.Add(member.Id);
            if (!member.AwaitsJoin) continue;
            StartSession(member);
            member.AnswerJoin(Joined(member));
        }

        _syncDeadline.Start(Members.RebalanceTimeoutMs);
    }

    /// <summary>Members that joined and then did not ask for their assignment are gone (KAFKA-13435).</summary>
    private void OnSyncDeadline()
    {
        if (State is not (ClassicGroupState.CompletingRebalance or ClassicGroupState.Stable) || _pendingSyncs.Count == 0) return;
        foreach (string memberId in _pendingSyncs) Members.Remove(memberId);
        PrepareRebalance();
    }

    private void OnSessionExpired(ClassicMember member)
    {
        if (!Members.TryGet(member.Id, out _) || member.IsExcused) return;
        Expel(member);
        AfterDeparture();
    }

    private void OnPendingExpired(string memberId)
    {
        if (ForgetPending(memberId) && State == ClassicGroupState.PreparingRebalance) CompleteJoinIfAllAreHere();
    }

    private bool ForgetPending(string memberId)
    {
        if (!_pendingMembers.Remove(memberId, out CoordinatorTimer? timer)) return false;
        timer.Cancel();
        Holdings.Add(-GroupHoldings.SizeOfPending(memberId));
        return true;
    }

    private void Expel(ClassicMember member)
    {
        member.AnswerJoin(ClassicMember.JoinRefused("", ErrorCode.UnknownMemberId));
        member.AnswerSync(ClassicMember.SyncRefused(ErrorCode.UnknownMemberId));
        _pendingSyncs.Remove(member.Id);
        Members.Remove(member.Id);
    }

    private void AfterDeparture()
    {
        if (State is ClassicGroupState.Stable or ClassicGroupState.CompletingRebalance) PrepareRebalance();
        else if (State == ClassicGroupState.PreparingRebalance) CompleteJoinIfAllAreHere();
    }

    private void RefuseSyncs(ErrorCode error)
    {
        foreach (ClassicMember member in Members.All)
        {
            Members.SetAssignment(member, []);
            if (member.AnswerSync(ClassicMember.SyncRefused(error))) StartSession(member);
        }
    }

    private ClassicMember NewMember(string id, string? instanceId, MemberClient client)
    {
        ClassicMember? member = null;
        var session = new CoordinatorTimer(_services.Timers, () => OnSessionExpired(member!));
        return member = new ClassicMember(id, instanceId, client, session);
    }

    private static void Update(ClassicMember member, in GroupJoin join, Action<JoinGroupResponse> reply)
    {
        member.RebalanceTimeoutMs = join.RebalanceTimeoutMs;
        member.SessionTimeoutMs = join.SessionTimeoutMs;
        // A client that asks again has given up on its earlier request.
        member.AnswerJoin(ClassicMember.JoinRefused(member.Id, ErrorCode.RebalanceInProgress));
        member.JoinReply = reply;
    }

    private static void StartSession(ClassicMember member) => member.Session.Start(member.SessionTimeoutMs);

    private void MoveTo(ClassicGroupState state)
    {
        State = state;
        StateSinceMs = _services.WallClockMs();
    }

    private JoinGroupResponse Joined(ClassicMember member) => new()
    {
        MemberId = member.Id,
        GenerationId = GenerationId,
        ProtocolType = ProtocolType,
        ProtocolName = ProtocolName,
        Leader = Members.LeaderId ?? "",
        Members = Members.LeaderId != member.Id || ProtocolName is null ? [] :
        [
            .. Members.All.Select(one => new JoinGroupResponse.JoinGroupResponseMember
            {
                MemberId = one.Id,
                GroupInstanceId = one.InstanceId,
                Metadata = one.MetadataFor(ProtocolName),
            }),
        ],
    };

    private SyncGroupResponse Assigned(ClassicMember member) => new()
    {
        ProtocolType = ProtocolType,
        ProtocolName = ProtocolName,
        Assignment = member.Assignment,
    };
}
