using System.Diagnostics.CodeAnalysis;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>
/// The groups and offsets of one partition of <c>__consumer_offsets</c>: a state machine without threads, clock or network, stepped by
/// its loop. What it has to remember it appends to its log; a replay of that log makes the same state.
/// </summary>
/// <remarks>
/// Offsets change only by <see cref="Replay"/>, right after their records are appended; whoever reads them is answered once everything
/// appended is committed, so that nobody acts on an offset that could be lost.
/// </remarks>
public sealed class GroupShard : ICoordinatorMachine
{
    private const int ForgetAtOnce = 1_000;

    private readonly GroupServices _services;
    private readonly CoordinatorTimer _expiry;
    private readonly Dictionary<string, ClassicGroup> _groups = new(StringComparer.Ordinal);
    private readonly GroupOffsets _offsets;

    /// <param name="services">Log, clock, settings and chance.</param>
    public GroupShard(GroupServices services)
    {
        ArgumentNullException.ThrowIfNull(services);
        _services = services;
        _offsets = new GroupOffsets(services.Memory.Offsets);
        _expiry = new CoordinatorTimer(services.Timers, ExpireOffsets);
    }

    /// <summary>The groups, in no order.</summary>
    public IReadOnlyCollection<ClassicGroup> Groups => _groups.Values;

    /// <summary>The deadlines of the shard.</summary>
    public CoordinatorTimers Timers => _services.Timers;

    /// <summary>The offsets of the shard's groups.</summary>
    public GroupOffsets Offsets => _offsets;

    /// <summary>Finds a group.</summary>
    public bool TryGet(string groupId, [NotNullWhen(true)] out ClassicGroup? group) => _groups.TryGetValue(groupId, out group);

    /// <summary>Takes over a record of the log.</summary>
    /// <param name="record">The record. Kinds that are not known are passed over: they are a later version's.</param>
    /// <param name="producerId">The producer of the transaction it belongs to; -1 without one.</param>
    public void Replay(in CoordinatorRecord record, long producerId)
    {
        switch (GroupRecordReader.Read(record))
        {
            case GroupRecordReader.Offset offset:
                _offsets.Replay(offset.GroupId, offset.Key, offset.Value, producerId);
                break;
            case GroupRecordReader.Group { Value: null } gone:
                Drop(gone.GroupId);
                break;
            case GroupRecordReader.Group { Value: { } value } kept:
                var group = new ClassicGroup(kept.GroupId, _services);
                group.Restore(value);
                Drop(kept.GroupId);
                _groups.Add(kept.GroupId, group);
                break;
        }
    }

    /// <summary>Takes over the end of a transaction.</summary>
    public void ReplayEnd(long producerId, bool committed) => _offsets.ReplayEnd(producerId, committed);

    /// <summary>The log is loaded: from here on the shard answers.</summary>
    public void Start()
    {
        foreach (string groupId in _offsets.Groups) GetOrAdd(groupId);
        foreach (ClassicGroup group in _groups.Values) group.StartSessions();
        _expiry.Start(_services.Config.OffsetsRetentionCheckIntervalMs);
    }

    /// <summary>The shard moves to another broker, or this one stops: whoever waits is told.</summary>
    public void End(ErrorCode error)
    {
        _expiry.Cancel();
        foreach (ClassicGroup group in _groups.Values) group.End(error);
        _groups.Clear();
        _offsets.Release();
    }

    /// <summary>JoinGroup. See <see cref="ClassicGroup.Join"/>.</summary>
    public void Join(string groupId, in GroupJoin join, Action<JoinGroupResponse> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        GroupConfig config = _services.Config;
        if (join.SessionTimeoutMs < config.MinSessionTimeoutMs || join.SessionTimeoutMs > config.MaxSessionTimeoutMs)
        {
            reply(ClassicMember.JoinRefused(join.MemberId, ErrorCode.InvalidSessionTimeout));
            return;
        }

        if (!join.FitsRecord)
        {
            reply(ClassicMember.JoinRefused(join.MemberId, ErrorCode.InvalidRequest));
            return;
        }

        if (!_groups.TryGetValue(groupId, out ClassicGroup? group))
        {
            if (join.MemberId.Length > 0)
            {
                reply(ClassicMember.JoinRefused(join.MemberId, ErrorCode.UnknownMemberId));
                return;
            }

            if (!HasRoomForGroup(groupId))
            {
                reply(ClassicMember.JoinRefused("", ErrorCode.CoordinatorNotAvailable));
                return;
            }

            group = new ClassicGroup(groupId, _services);
            ErrorCode error = _services.Log.Append([group.ToRecord()]);
            if (error != ErrorCode.None)
            {
                group.End(error);
                reply(ClassicMember.JoinRefused("", error));
                return;
            }

            _groups.Add(groupId, group);
        }

        group.Join(join, reply);
    }

    /// <summary>SyncGroup. See <see cref="ClassicGroup.Sync"/>.</summary>
    public void Sync(string groupId, in GroupSync sync, Action<SyncGroupResponse> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (_groups.TryGetValue(groupId, out ClassicGroup? group)) group.Sync(sync, reply);
        else reply(ClassicMember.SyncRefused(ErrorCode.UnknownMemberId));
    }

    /// <summary>Heartbeat. See <see cref="ClassicGroup.Heartbeat"/>.</summary>
    public ErrorCode Heartbeat(string groupId, string memberId, string? instanceId, int generationId) =>
        _groups.TryGetValue(groupId, out ClassicGroup? group) ? group.Heartbeat(memberId, instanceId, generationId) : ErrorCode.UnknownMemberId;

    /// <summary>LeaveGroup. See <see cref="ClassicGroup.Leave"/>.</summary>
    public ErrorCode[] Leave(string groupId, IReadOnlyList<GroupLeaver> leavers)
    {
        ArgumentNullException.ThrowIfNull(leavers);
        if (_groups.TryGetValue(groupId, out ClassicGroup? group)) return group.Leave(leavers);
        var errors = new ErrorCode[leavers.Count];
        Array.Fill(errors, ErrorCode.UnknownMemberId);
        return errors;
    }

    /// <summary>OffsetCommit: one error for each offset, when those that are taken are committed to the log.</summary>
    /// <param name="groupId">The group; one that does not exist is made for a client that manages its partitions itself.</param>
    /// <param name="committer">Who commits.</param>
    /// <param name="retentionMs">How long the client wants them kept; -1 leaves it to the broker.</param>
    /// <param name="offsets">What to commit.</param>
    /// <param name="reply">Gets the errors, in the order of the offsets.</param>
    public void Commit(
        string groupId, in OffsetCommitter committer, long retentionMs, IReadOnlyList<OffsetToCommit> offsets, Action<ErrorCode[]> reply)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        ArgumentNullException.ThrowIfNull(reply);
        var errors = new ErrorCode[offsets.Count];
        ErrorCode refused = CheckCommit(groupId, committer);
        if (refused != ErrorCode.None)
        {
            Array.Fill(errors, refused);
            reply(errors);
            return;
        }

        List<(OffsetKey Key, CommittedOffset Offset)> taken = Take(groupId, offsets, retentionMs, errors);
        ErrorCode failed = taken.Count == 0
            ? ErrorCode.None
            : _services.Log.Append([.. taken.Select(one => OffsetRecords.Write(groupId, one.Key, one.Offset))]);
        if (failed != ErrorCode.None)
        {
            Spread(failed, errors);
            reply(errors);
            return;
        }

        foreach ((OffsetKey key, CommittedOffset offset) in taken) _offsets.Replay(groupId, key, offset);
        if (taken.Count > 0) GetOrAdd(groupId);
        _services.Log.WhenCommitted(error =>
        {
            Spread(error, errors);
            reply(errors);
        });
    }

    /// <summary>OffsetFetch: what a group has committed, once it is sure to last.</summary>
    /// <param name="groupId">The group; without one there are no offsets.</param>
    /// <param name="keys">The partitions; null for all that have an offset.</param>
    /// <param name="requireStable">Whether offsets that an open transaction is about to change are to be marked instead of told.</param>
    /// <param name="reply">Gets the offsets, or why they cannot be told.</param>
    public void Fetch(
        string groupId, IReadOnlyList<OffsetKey>? keys, bool requireStable, Action<ErrorCode, IReadOnlyList<FetchedOffset>> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        keys ??= [.. _offsets.Of(groupId).Keys];
        FetchedOffset[] found = [.. keys.Select(key => requireStable && _offsets.IsOpen(groupId, key)
            ? new FetchedOffset(key, null, true)
            : new FetchedOffset(key, _offsets.TryGet(groupId, key, out CommittedOffset? offset) ? offset : null, false))];
        _services.Log.WhenCommitted(error => reply(error, error == ErrorCode.None ? found : []));
    }

    /// <summary>
    /// OffsetDelete (KIP-496): forgets offsets of topics that no member reads. An error for the whole, or one for each partition.
    /// </summary>
    /// <param name="groupId">The group.</param>
    /// <param name="keys">The partitions.</param>
    /// <param name="reply">Gets the error of the whole and those of the partitions.</param>
    public void DeleteOffsets(string groupId, IReadOnlyList<OffsetKey> keys, Action<ErrorCode, ErrorCode[]> reply)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(reply);
        if (!_groups.TryGetValue(groupId, out ClassicGroup? group))
        {
            reply(ErrorCode.GroupIdNotFound, []);
            return;
        }

        IReadOnlySet<string>? subscribed = null;
        if (group.State != ClassicGroupState.Empty)
        {
            // What members of another protocol read is known to them alone.
            subscribed = SubscribedTopics.Of(group);
            if (subscribed is null)
            {
                reply(ErrorCode.NonEmptyGroup, []);
                return;
            }
        }

        var errors = new ErrorCode[keys.Count];
        for (int i = 0; i < keys.Count; i++)
        {
            if (subscribed?.Contains(keys[i].Topic) == true) errors[i] = ErrorCode.GroupSubscribedToTopic;
        }

        List<OffsetKey> gone = [.. keys.Where((key, i) => errors[i] == ErrorCode.None && (_offsets.TryGet(groupId, key, out _) || _offsets.IsOpen(groupId, key)))];
        ErrorCode failed = Forget(groupId, gone, withGroup: false);
        if (failed != ErrorCode.None) reply(failed, []);
        else _services.Log.WhenCommitted(error => reply(error, errors));
    }

    /// <summary>DeleteGroups: a group without members goes with its offsets.</summary>
    public void Delete(string groupId, Action<ErrorCode> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (!_groups.TryGetValue(groupId, out ClassicGroup? group) || group.State == ClassicGroupState.Dead)
        {
            reply(ErrorCode.GroupIdNotFound);
            return;
        }

        if (!group.IsUnused)
        {
            reply(ErrorCode.NonEmptyGroup);
            return;
        }

        ErrorCode failed = Forget(groupId, [.. _offsets.Of(groupId).Keys], withGroup: true);
        if (failed != ErrorCode.None) reply(failed);
        else _services.Log.WhenCommitted(reply);
    }

    /// <summary>A topic is gone: so are its offsets.</summary>
    public void OnTopicDeleted(string topic)
    {
        foreach (string groupId in _offsets.Groups.ToList())
            Forget(groupId, [.. _offsets.Of(groupId).Keys.Where(key => key.Topic == topic)], withGroup: false);
        _offsets.ForgetTopic(topic);
    }

    private ErrorCode CheckCommit(string groupId, in OffsetCommitter committer)
    {
        if (_groups.TryGetValue(groupId, out ClassicGroup? group))
            return group.CheckCommit(committer.MemberId, committer.InstanceId, committer.GenerationId, isTransactional: false);
        if (committer.GenerationId >= 0) return ErrorCode.IllegalGeneration;
        return HasRoomForGroup(groupId) ? ErrorCode.None : ErrorCode.CoordinatorNotAvailable;
    }

    private bool HasRoomForGroup(string groupId) => _services.Memory.Members.HasRoomFor(GroupHoldings.SizeOfGroup(groupId));

    private void Drop(string groupId)
    {
        if (_groups.Remove(groupId, out ClassicGroup? group)) group.End(ErrorCode.UnknownMemberId);
    }

    private List<(OffsetKey Key, CommittedOffset Offset)> Take(
        string groupId, IReadOnlyList<OffsetToCommit> offsets, long retentionMs, ErrorCode[] errors)
    {
        GroupConfig config = _services.Config;
        long now = _services.WallClockMs();
        long growth = 0;
        var taken = new List<(OffsetKey, CommittedOffset)>(offsets.Count);
        for (int i = 0; i < offsets.Count; i++)
        {
            OffsetToCommit one = offsets[i];
            if (errors[i] != ErrorCode.None) continue;
            if (System.Text.Encoding.UTF8.GetByteCount(one.Metadata) > config.OffsetMetadataMaxBytes)
            {
                errors[i] = ErrorCode.OffsetMetadataTooLarge;
                continue;
            }

            long more = _offsets.GrowthBy(groupId, one.Key, one.Metadata);
            if (more > 0 && !_services.Memory.Offsets.HasRoomFor(growth + more))
            {
                errors[i] = ErrorCode.CoordinatorNotAvailable;
                continue;
            }

            growth += more;

            long timestamp = one.CommitTimestamp >= 0 ? one.CommitTimestamp : now;
            long expiry = retentionMs < 0 ? -1 : retentionMs > long.MaxValue - timestamp ? long.MaxValue : timestamp + retentionMs;
            taken.Add((one.Key, new CommittedOffset(one.Offset, one.LeaderEpoch, one.Metadata, timestamp, expiry)));
        }

        return taken;
    }

    private ErrorCode Forget(string groupId, List<OffsetKey> keys, bool withGroup)
    {
        if (keys.Count == 0 && !withGroup) return ErrorCode.None;
        // Piece by piece, so that a group with very many offsets fits the log's batches; the group goes last.
        foreach (OffsetKey[] piece in keys.Chunk(ForgetAtOnce))
        {
            ErrorCode error = _services.Log.Append([.. piece.Select(key => OffsetRecords.Tombstone(groupId, key))]);
            if (error != ErrorCode.None) return error;
            foreach (OffsetKey key in piece) _offsets.Replay(groupId, key, null);
        }

        if (!withGroup) return ErrorCode.None;
        ErrorCode refused = _services.Log.Append([ClassicGroupRecords.Tombstone(groupId)]);
        if (refused != ErrorCode.None) return refused;
        Drop(groupId);
        return ErrorCode.None;
    }

    private void ExpireOffsets()
    {
        _expiry.Start(_services.Config.OffsetsRetentionCheckIntervalMs);
        long now = _services.WallClockMs();
        foreach (ClassicGroup group in _groups.Values.ToList())
        {
            IReadOnlyDictionary<OffsetKey, CommittedOffset> all = _offsets.Of(group.Id);
            List<OffsetKey> expired = OffsetExpiry.Expired(group, all, _services.Config.OffsetsRetentionMs, now)
                .Where(key => !_offsets.IsOpen(group.Id, key)).ToList();
            bool nothingLeft = group.IsUnused && expired.Count == all.Count && !_offsets.HasOpen(group.Id);
            // A disk that refuses this now is asked again at the next round.
            Forget(group.Id, expired, withGroup: nothingLeft);
        }
    }

    private ClassicGroup GetOrAdd(string groupId)
    {
        // A group that only keeps offsets has no record of its own: its offsets stand for it.
        if (!_groups.TryGetValue(groupId, out ClassicGroup? group)) _groups.Add(groupId, group = new ClassicGroup(groupId, _services));
        return group;
    }

    private static void Spread(ErrorCode error, ErrorCode[] errors)
    {
        if (error == ErrorCode.None) return;
        for (int i = 0; i < errors.Length; i++)
        {
            if (errors[i] == ErrorCode.None) errors[i] = error;
        }
    }
}
