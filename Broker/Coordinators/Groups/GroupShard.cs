using System.Diagnostics.CodeAnalysis;
using KBroker.Broker.Coordinators.Groups.Consumer;
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
    private readonly GroupServices _services;
    private readonly CoordinatorTimer _expiry;
    private readonly GroupTable _groups = new();
    private readonly ConsumerGroupDepartures _departures;
    private readonly ConsumerGroupHeartbeats _heartbeats;
    private readonly ClassicProtocolMembers _classicMembers;
    private readonly GroupOffsets _offsets;

    /// <param name="services">Log, clock, settings and chance.</param>
    public GroupShard(GroupServices services)
    {
        ArgumentNullException.ThrowIfNull(services);
        _services = services;
        _offsets = new GroupOffsets(services.Memory.Offsets);
        _expiry = new CoordinatorTimer(services.Timers, ExpireOffsets);
        _departures = new ConsumerGroupDepartures(services, _groups);
        _heartbeats = new ConsumerGroupHeartbeats(services, _groups, _departures);
        _classicMembers = new ClassicProtocolMembers(services, _departures);
    }

    /// <summary>The groups, in no order.</summary>
    public IReadOnlyCollection<IGroup> Groups => _groups.All;

    /// <summary>The deadlines of the shard.</summary>
    public CoordinatorTimers Timers => _services.Timers;

    /// <summary>The offsets of the shard's groups.</summary>
    public GroupOffsets Offsets => _offsets;

    /// <summary>Finds a classic group.</summary>
    public bool TryGet(string groupId, [NotNullWhen(true)] out ClassicGroup? group) => _groups.TryGet(groupId, out group);

    /// <summary>Finds a group of the consumer protocol.</summary>
    public bool TryGetConsumers(string groupId, [NotNullWhen(true)] out ConsumerGroup? group) => _groups.TryGet(groupId, out group);

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
                // The group may have become a consumer group, whose records follow.
                if (_groups.TryGet(gone.GroupId, out ClassicGroup? _)) Drop(gone.GroupId);
                break;
            case GroupRecordReader.Group { Value: { } value } kept:
                var group = new ClassicGroup(kept.GroupId, _services);
                group.Restore(value);
                Drop(kept.GroupId);
                _groups.Set(group);
                break;
            case GroupRecordReader.Consumer consumer:
                ReplayChange(consumer.GroupId, consumer.Change);
                break;
        }
    }

    /// <summary>Takes over the end of a transaction.</summary>
    public void ReplayEnd(long producerId, bool committed) => _offsets.ReplayEnd(producerId, committed);

    /// <summary>The log is loaded: from here on the shard answers.</summary>
    public void Start()
    {
        foreach (string groupId in _offsets.Groups) AddIfMissing(groupId);
        foreach (IGroup group in _groups.All) group.StartSessions();
        _expiry.Start(_services.Config.OffsetsRetentionCheckIntervalMs);
    }

    /// <summary>The shard moves to another broker, or this one stops: whoever waits is told.</summary>
    public void End(ErrorCode error)
    {
        _expiry.Cancel();
        foreach (IGroup group in _groups.All) group.End(error);
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

        if (_groups.TryGet(groupId, out ConsumerGroup? consumers) && !consumers.IsUnused)
        {
            _classicMembers.Join(consumers, join, reply);
            return;
        }

        if (!_groups.TryGet(groupId, out ClassicGroup? group))
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
            ErrorCode error = _services.Log.Append([.. consumers?.Tombstones() ?? [], group.ToRecord()]);
            if (error != ErrorCode.None)
            {
                group.End(error);
                reply(ClassicMember.JoinRefused("", error));
                return;
            }

            consumers?.End(ErrorCode.None);
            _groups.Set(group);
        }

        group.Join(join, reply);
    }

    /// <summary>SyncGroup. See <see cref="ClassicGroup.Sync"/>.</summary>
    public void Sync(string groupId, in GroupSync sync, Action<SyncGroupResponse> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (_groups.TryGet(groupId, out ClassicGroup? group)) group.Sync(sync, reply);
        else if (_groups.TryGet(groupId, out ConsumerGroup? consumers)) _classicMembers.Sync(consumers, sync, reply);
        else reply(ClassicMember.SyncRefused(ErrorCode.UnknownMemberId));
    }

    /// <summary>Heartbeat. See <see cref="ClassicGroup.Heartbeat"/>.</summary>
    public ErrorCode Heartbeat(string groupId, string memberId, string? instanceId, int generationId) => _groups.Find(groupId) switch
    {
        ClassicGroup group => group.Heartbeat(memberId, instanceId, generationId),
        ConsumerGroup group => ClassicProtocolMembers.Heartbeat(group, memberId, instanceId, generationId),
        _ => ErrorCode.UnknownMemberId,
    };

    /// <summary>ConsumerGroupHeartbeat. See <see cref="ConsumerGroupHeartbeats"/>.</summary>
    public void Heartbeat(string groupId, ConsumerHeartbeat beat, Action<ConsumerHeartbeatAnswer> reply)
    {
        ArgumentNullException.ThrowIfNull(beat);
        ArgumentNullException.ThrowIfNull(reply);
        _heartbeats.Heartbeat(groupId, beat, reply);
    }

    /// <summary>ConsumerGroupDescribe, for one group: what is sure to last of it.</summary>
    public void Describe(string groupId, Action<ConsumerGroupDescribeResponse.DescribedGroup> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        ConsumerGroupDescribeResponse.DescribedGroup described = _groups.Find(groupId) switch
        {
            ConsumerGroup group => ConsumerGroupDescription.Of(group, _services.Topics()),
            null => ConsumerGroupDescription.Unknown(groupId, $"Group {groupId} not found."),
            _ => ConsumerGroupDescription.Unknown(groupId, $"Group {groupId} is not a consumer group."),
        };
        _services.Log.WhenCommitted(error => reply(error == ErrorCode.None ? described : ConsumerGroupDescription.Failed(groupId, error)));
    }

    /// <summary>LeaveGroup. See <see cref="ClassicGroup.Leave"/>.</summary>
    public ErrorCode[] Leave(string groupId, IReadOnlyList<GroupLeaver> leavers)
    {
        ArgumentNullException.ThrowIfNull(leavers);
        if (_groups.TryGet(groupId, out ClassicGroup? group)) return group.Leave(leavers);
        if (_groups.TryGet(groupId, out ConsumerGroup? consumers)) return _classicMembers.Leave(consumers, leavers);
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
    /// <param name="producer">Whose transaction the offsets are a part of, so that they count once it is committed (KIP-447); null without one.</param>
    public void Commit(
        string groupId,
        in OffsetCommitter committer,
        long retentionMs,
        IReadOnlyList<OffsetToCommit> offsets,
        Action<ErrorCode[]> reply,
        TransactionalProducer? producer = null)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        ArgumentNullException.ThrowIfNull(reply);
        var errors = new ErrorCode[offsets.Count];
        CommitPermission permission = CheckCommit(groupId, committer, isTransactional: producer is not null);
        if (permission.Error != ErrorCode.None)
        {
            Array.Fill(errors, permission.Error);
            reply(errors);
            return;
        }

        if (permission.ForPartition is { } check)
        {
            for (int i = 0; i < errors.Length; i++) errors[i] = check(offsets[i].Key);
        }

        List<(OffsetKey Key, CommittedOffset Offset)> taken = Take(groupId, offsets, retentionMs, producer?.ProducerId ?? -1, errors);
        CoordinatorRecord[] records = [.. taken.Select(one => OffsetRecords.Write(groupId, one.Key, one.Offset))];
        ErrorCode failed = records.Length == 0 ? ErrorCode.None : producer is { } with ? _services.Log.Append(records, with) : _services.Log.Append(records);
        if (failed != ErrorCode.None)
        {
            Spread(failed, errors);
            reply(errors);
            return;
        }

        foreach ((OffsetKey key, CommittedOffset offset) in taken) _offsets.Replay(groupId, key, offset, producer?.ProducerId ?? -1);
        if (taken.Count > 0) AddIfMissing(groupId);
        _services.Log.WhenCommitted(error =>
        {
            Spread(error, errors);
            reply(errors);
        });
    }

    /// <summary>OffsetFetch: what a group has committed, once it is sure to last.</summary>
    /// <param name="groupId">The group; without one there are no offsets.</param>
    /// <param name="reader">Who reads; a member of the consumer protocol that is behind is refused.</param>
    /// <param name="keys">The partitions; null for all that have an offset.</param>
    /// <param name="requireStable">Whether offsets that an open transaction is about to change are to be marked instead of told.</param>
    /// <param name="reply">Gets the offsets, or why they cannot be told.</param>
    public void Fetch(
        string groupId, OffsetReader reader, IReadOnlyList<OffsetKey>? keys, bool requireStable, Action<ErrorCode, IReadOnlyList<FetchedOffset>> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        ErrorCode refused = _groups.Find(groupId)?.CheckFetch(reader.MemberId, reader.MemberEpoch) ?? ErrorCode.None;
        if (refused != ErrorCode.None)
        {
            reply(refused, []);
            return;
        }

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
        if (_groups.Find(groupId) is not { } group)
        {
            reply(ErrorCode.GroupIdNotFound, []);
            return;
        }

        // What members of another protocol read is known to them alone.
        if (group.SubscribedTopics is not { } subscribed)
        {
            reply(ErrorCode.NonEmptyGroup, []);
            return;
        }

        var errors = new ErrorCode[keys.Count];
        for (int i = 0; i < keys.Count; i++)
        {
            if (subscribed.Contains(keys[i].Topic)) errors[i] = ErrorCode.GroupSubscribedToTopic;
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
        if (_groups.Find(groupId) is not { } group)
        {
            reply(ErrorCode.GroupIdNotFound);
            return;
        }

        if (!group.IsUnused)
        {
            reply(ErrorCode.NonEmptyGroup);
            return;
        }

        ErrorCode failed = Forget(groupId, _offsets.KeysOf(groupId), withGroup: true);
        if (failed != ErrorCode.None) reply(failed);
        else _services.Log.WhenCommitted(reply);
    }

    /// <summary>Topics are gone: so are their offsets.</summary>
    public void OnTopicsDeleted(IReadOnlySet<string> topics)
    {
        ArgumentNullException.ThrowIfNull(topics);
        HashSet<string> known = topics.Where(_offsets.MayHave).ToHashSet(StringComparer.Ordinal);
        if (known.Count == 0) return;
        bool forgotten = true;
        foreach (string groupId in _offsets.Groups.ToList())
            forgotten &= Forget(groupId, _offsets.KeysOf(groupId).FindAll(key => known.Contains(key.Topic)), withGroup: false) == ErrorCode.None;
        // What the log refused is still there, and its name with it.
        if (!forgotten) return;
        foreach (string topic in known) _offsets.ForgetTopic(topic);
    }

    private CommitPermission CheckCommit(string groupId, in OffsetCommitter committer, bool isTransactional)
    {
        if (_groups.Find(groupId) is { } group) return group.CheckCommit(committer, isTransactional);
        if (committer.GenerationId >= 0) return new CommitPermission(committer.KnowsMemberEpochs ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration);
        return new CommitPermission(HasRoomForGroup(groupId) ? ErrorCode.None : ErrorCode.CoordinatorNotAvailable);
    }

    private void ReplayChange(string groupId, ConsumerGroupChange change)
    {
        if (change is ConsumerGroupChange.Group { Epoch: null })
        {
            if (_groups.TryGet(groupId, out ConsumerGroup? _)) Drop(groupId);
            return;
        }

        if (!_groups.TryGet(groupId, out ConsumerGroup? group))
        {
            // A rest of a group that is gone.
            if (change.IsTombstone) return;
            Drop(groupId);
            _groups.Set(group = _departures.NewGroup(groupId));
        }

        group.Replay(change);
    }

    private bool HasRoomForGroup(string groupId) => _services.Memory.Members.HasRoomFor(GroupHoldings.SizeOfGroup(groupId));

    private void Drop(string groupId)
    {
        if (_groups.Remove(groupId, out IGroup? group)) group.End(ErrorCode.UnknownMemberId);
    }

    private List<(OffsetKey Key, CommittedOffset Offset)> Take(
        string groupId, IReadOnlyList<OffsetToCommit> offsets, long retentionMs, long producerId, ErrorCode[] errors)
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

            long more = _offsets.GrowthBy(groupId, one.Key, one.Metadata, producerId);
            MemoryPool memory = _services.Memory.Offsets;
            bool isKnown = _offsets.TryGet(groupId, one.Key, out _);
            if (more > 0 && !(isKnown ? memory.HasRoomFor(growth + more) : memory.HasRoomForNew(growth + more)))
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
        ErrorCode refused = _services.Log.AppendInPieces(
            keys, key => OffsetRecords.Tombstone(groupId, key), key => _offsets.Replay(groupId, key, null));
        if (refused != ErrorCode.None || !withGroup) return refused;
        if (_groups.Find(groupId) is not { } group) return ErrorCode.None;
        refused = _services.Log.AppendInPieces(group.Tombstones(), static record => record, record => Replay(record, producerId: -1));
        if (refused != ErrorCode.None) return refused;
        Drop(groupId);
        return ErrorCode.None;
    }

    private void ExpireOffsets()
    {
        _expiry.Start(_services.Config.OffsetsRetentionCheckIntervalMs);
        long now = _services.WallClockMs();
        foreach (IGroup group in _groups.All.ToList())
        {
            IReadOnlyDictionary<OffsetKey, CommittedOffset> all = _offsets.Of(group.Id);
            List<OffsetKey> expired = OffsetExpiry.Expired(group, all, _services.Config.OffsetsRetentionMs, now)
                .Where(key => !_offsets.IsOpen(group.Id, key)).ToList();
            bool nothingLeft = group.IsUnused && expired.Count == all.Count && !_offsets.HasOpen(group.Id);
            // A disk that refuses this now is asked again at the next round.
            Forget(group.Id, expired, withGroup: nothingLeft);
        }
    }

    private void AddIfMissing(string groupId)
    {
        // A group that only keeps offsets has no record of its own: its offsets stand for it.
        if (_groups.Find(groupId) is null) _groups.Set(new ClassicGroup(groupId, _services));
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
