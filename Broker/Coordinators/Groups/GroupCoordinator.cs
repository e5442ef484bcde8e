using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Partitions;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>
/// The groups that this broker coordinates, for handlers: finds the shard of a group, has it do the work and gives the answer, or
/// says that another broker is asked, or that this one still loads.
/// </summary>
public sealed class GroupCoordinator : IDisposable
{
    private readonly CoordinatorRuntime<GroupShard> _runtime;
    private readonly IDisposable _subscription;

    internal GroupCoordinator(CoordinatorRuntime<GroupShard> runtime, MetadataFeed metadata)
    {
        _runtime = runtime;
        _subscription = metadata.Subscribe(update => Forget(update.Delta));
    }

    /// <summary>JoinGroup. See <see cref="ClassicGroup.Join"/>.</summary>
    public Task<JoinGroupResponse> JoinAsync(string groupId, GroupJoin join) => !IsValid(groupId)
        ? Task.FromResult(ClassicMember.JoinRefused(join.MemberId, ErrorCode.InvalidGroupId))
        : Ask<JoinGroupResponse>(groupId, (shard, reply) => shard.Join(groupId, join, reply), error => ClassicMember.JoinRefused(join.MemberId, error));

    /// <summary>SyncGroup. See <see cref="ClassicGroup.Sync"/>.</summary>
    public Task<SyncGroupResponse> SyncAsync(string groupId, GroupSync sync) => !IsValid(groupId)
        ? Task.FromResult(ClassicMember.SyncRefused(ErrorCode.InvalidGroupId))
        : Ask<SyncGroupResponse>(groupId, (shard, reply) => shard.Sync(groupId, sync, reply), error => ClassicMember.SyncRefused(error));

    /// <summary>Heartbeat. See <see cref="ClassicGroup.Heartbeat"/>.</summary>
    public Task<ErrorCode> HeartbeatAsync(string groupId, string memberId, string? instanceId, int generationId) => !IsValid(groupId)
        ? Task.FromResult(ErrorCode.InvalidGroupId)
        : Ask<ErrorCode>(
            groupId,
            (shard, reply) => reply(shard.Heartbeat(groupId, memberId, instanceId, generationId)),
            // A member that only shows that it lives need not know of the load.
            error => error == ErrorCode.CoordinatorLoadInProgress ? ErrorCode.None : error);

    /// <summary>LeaveGroup. See <see cref="ClassicGroup.Leave"/>.</summary>
    /// <returns>An error for the whole, or one for each who leaves.</returns>
    public Task<(ErrorCode Error, ErrorCode[] Errors)> LeaveAsync(string groupId, IReadOnlyList<GroupLeaver> leavers) => !IsValid(groupId)
        ? Task.FromResult((ErrorCode.InvalidGroupId, Array.Empty<ErrorCode>()))
        : Ask<(ErrorCode, ErrorCode[])>(groupId, (shard, reply) => reply((ErrorCode.None, shard.Leave(groupId, leavers))), error => (error, []));

    /// <summary>OffsetCommit, or TxnOffsetCommit with a producer. See <see cref="GroupShard.Commit"/>.</summary>
    /// <returns>One error for each offset, in their order.</returns>
    public Task<ErrorCode[]> CommitAsync(
        string groupId, OffsetCommitter committer, long retentionMs, IReadOnlyList<OffsetToCommit> offsets, TransactionalProducer? producer = null) =>
        !CoordinatorRecord.FitsString(groupId) ? Task.FromResult<ErrorCode[]>([.. Enumerable.Repeat(ErrorCode.InvalidGroupId, offsets.Count)])
        : Ask<ErrorCode[]>(
            groupId,
            (shard, reply) => shard.Commit(groupId, committer, retentionMs, offsets, reply, producer),
            error => [.. Enumerable.Repeat(error, offsets.Count)]);

    /// <summary>The partition of <c>__consumer_offsets</c> that holds a group's offsets, where this broker coordinates it; else why not.</summary>
    public ErrorCode FindPartition(string groupId, out Partition? partition) => _runtime.FindPartition(groupId, out partition);

    /// <summary>OffsetFetch. See <see cref="GroupShard.Fetch"/>.</summary>
    public Task<(ErrorCode Error, IReadOnlyList<FetchedOffset> Offsets)> FetchAsync(
        string groupId, OffsetReader reader, IReadOnlyList<OffsetKey>? keys, bool requireStable) =>
        Ask<(ErrorCode, IReadOnlyList<FetchedOffset>)>(
            groupId, (shard, reply) => shard.Fetch(groupId, reader, keys, requireStable, (error, offsets) => reply((error, offsets))), error => (error, []));

    /// <summary>OffsetDelete. See <see cref="GroupShard.DeleteOffsets"/>.</summary>
    public Task<(ErrorCode Error, ErrorCode[] Errors)> DeleteOffsetsAsync(string groupId, IReadOnlyList<OffsetKey> keys) => !IsValid(groupId)
        ? Task.FromResult((ErrorCode.InvalidGroupId, Array.Empty<ErrorCode>()))
        : Ask<(ErrorCode, ErrorCode[])>(
            groupId, (shard, reply) => shard.DeleteOffsets(groupId, keys, (error, errors) => reply((error, errors))), error => (error, []));

    /// <summary>DeleteGroups, for one group. See <see cref="GroupShard.Delete"/>.</summary>
    public Task<ErrorCode> DeleteAsync(string groupId) =>
        Ask<ErrorCode>(groupId, (shard, reply) => shard.Delete(groupId, reply), static error => error);

    /// <summary>DescribeGroups, for one group.</summary>
    public Task<DescribeGroupsResponse.DescribedGroup> DescribeAsync(string groupId) => Ask<DescribeGroupsResponse.DescribedGroup>(
        groupId,
        (shard, reply) => reply(shard.TryGet(groupId, out ClassicGroup? group) ? GroupDescription.Of(group) : GroupDescription.Unknown(groupId)),
        error => GroupDescription.Failed(groupId, error));

    /// <summary>ConsumerGroupHeartbeat. See <see cref="GroupShard.Heartbeat(string, ConsumerHeartbeat, Action{ConsumerHeartbeatAnswer})"/>.</summary>
    public Task<ConsumerHeartbeatAnswer> HeartbeatAsync(string groupId, ConsumerHeartbeat beat) => Ask<ConsumerHeartbeatAnswer>(
        groupId, (shard, reply) => shard.Heartbeat(groupId, beat, reply), error => ConsumerHeartbeatAnswer.Refused(error));

    /// <summary>ConsumerGroupDescribe, for one group.</summary>
    public Task<ConsumerGroupDescribeResponse.DescribedGroup> DescribeConsumersAsync(string groupId) => Ask<ConsumerGroupDescribeResponse.DescribedGroup>(
        groupId, (shard, reply) => shard.Describe(groupId, reply), error => ConsumerGroupDescription.Failed(groupId, error));

    /// <summary>ListGroups: what all shards here hold. The error says that some could not be asked; the others' groups are told all the same.</summary>
    public async Task<(ErrorCode Error, IReadOnlyList<ListGroupsResponse.ListedGroup> Groups)> ListAsync()
    {
        var asked = new List<Task<(ErrorCode Error, List<ListGroupsResponse.ListedGroup> Groups)>>();
        foreach (CoordinatorShard<GroupShard> shard in _runtime.Shards)
        {
            var answer = new TaskCompletionSource<(ErrorCode, List<ListGroupsResponse.ListedGroup>)>(TaskCreationOptions.RunContinuationsAsynchronously);
            shard.Run(
                groups => answer.TrySetResult((ErrorCode.None, [.. groups.Groups.Select(GroupDescription.Listed)])),
                error => answer.TrySetResult((error, [])));
            asked.Add(answer.Task);
        }

        (ErrorCode Error, List<ListGroupsResponse.ListedGroup> Groups)[] answers = await Task.WhenAll(asked).ConfigureAwait(false);
        // A shard that moved away meanwhile is another broker's to tell.
        ErrorCode loading = answers.Any(answer => answer.Error == ErrorCode.CoordinatorLoadInProgress) ? ErrorCode.CoordinatorLoadInProgress : ErrorCode.None;
        return (loading, [.. answers.SelectMany(answer => answer.Groups)]);
    }

    /// <summary>
    /// The end of a transaction on a partition of <c>__consumer_offsets</c>: its offsets become visible, or go, in the order of the log.
    /// </summary>
    /// <returns>None once the marker is committed, else an error in the terms of a transaction's coordinator.</returns>
    public async Task<ErrorCode> CompleteTransactionAsync(int partition, TransactionEnd end)
    {
        var answer = new TaskCompletionSource<ErrorCode>(TaskCreationOptions.RunContinuationsAsynchronously);
        _runtime.CompleteTransaction(partition, end, error => answer.TrySetResult(error));
        ErrorCode error = await answer.Task.ConfigureAwait(false);
        // Who sends markers knows leaders only, and tries again.
        return error is ErrorCode.NotCoordinator or ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable
            ? ErrorCode.NotLeaderOrFollower
            : error;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _subscription.Dispose();
        _runtime.Dispose();
    }

    /// <summary>Makes an empty shard.</summary>
    internal static GroupShard NewShard(
        CoordinatorTerm term, Func<GroupConfig> config, Func<string, GroupConfig> ofGroup, MetadataFeed metadata, GroupMemory memory, TimeProvider time) =>
        new(new GroupServices(term.Log, term.Timers, config, () => time.GetUtcNow().ToUnixTimeMilliseconds(), Guid.NewGuid)
        {
            Memory = memory,
            SettingsOfGroup = ofGroup,
            Topics = () => metadata.Current,
        });

    private void Forget(ClusterMetadataDelta delta)
    {
        if (delta.DeletedTopics.IsEmpty) return;
        HashSet<string> deleted = delta.DeletedTopics.Select(topic => topic.Name).ToHashSet(StringComparer.Ordinal);
        // A shard that loads has them to forget too: the name may be that of another topic before the load is over.
        foreach (CoordinatorShard<GroupShard> shard in _runtime.Shards) shard.RunLong(groups => groups.OnTopicsDeleted(deleted));
    }

    // The empty id is a group that old clients commit to; nobody can be its member.
    private static bool IsValid(string groupId) => groupId.Length > 0 && CoordinatorRecord.FitsString(groupId);

    private Task<TAnswer> Ask<TAnswer>(string groupId, Action<GroupShard, Action<TAnswer>> work, Func<ErrorCode, TAnswer> refused)
    {
        var answer = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _runtime.Run(
            groupId,
            shard => work(shard, response => answer.TrySetResult(response)),
            error => answer.TrySetResult(refused(error)));
        return answer.Task;
    }
}
