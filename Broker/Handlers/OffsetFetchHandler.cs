using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// OffsetFetch (key 9): how far groups have read.
/// </summary>
/// <remarks>
/// Versions 0-10. v2: no topics means all; an error for the whole. v5: leader epochs (KIP-320). v6: flexible. v7: offsets that an open
/// transaction is about to change may be held back: UNSTABLE_OFFSET_COMMIT (KIP-447). v8: many groups (KIP-709). v9: member and epoch
/// of the newer protocol (KIP-848). v10: topics by id. A partition without an offset is answered with offset -1.
/// </remarks>
public sealed class OffsetFetchHandler : ApiHandler<OffsetFetchRequest>
{
    private const short WholeErrorFrom = 2;
    private const short ManyGroupsFrom = 8;
    private const short IdsFrom = 10;
    private const long NoOffset = -1;
    private const int NoEpoch = -1;

    private readonly GroupCoordinator _groups;
    private readonly MetadataFeed _metadata;

    /// <param name="groups">The groups here.</param>
    /// <param name="metadata">The topics.</param>
    public OffsetFetchHandler(GroupCoordinator groups, MetadataFeed metadata)
        : base(ApiKey.OffsetFetch, OffsetFetchRequest.LowestVersion, OffsetFetchRequest.HighestVersion)
    {
        _groups = groups;
        _metadata = metadata;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, OffsetFetchRequest request) =>
        ValueTask.FromResult(PendingResponse.From(context.ApiVersion >= ManyGroupsFrom
            ? FetchManyAsync(request, context.ApiVersion)
            : FetchOneAsync(request, context.ApiVersion)));

    private async ValueTask<IApiMessage> FetchOneAsync(OffsetFetchRequest request, short version)
    {
        OffsetKey[]? keys = request.Topics is null
            ? null
            : [.. request.Topics.SelectMany(topic => topic.PartitionIndexes.Select(index => new OffsetKey(topic.Name, index))).Distinct()];
        (ErrorCode error, IReadOnlyList<FetchedOffset> offsets) =
            await _groups.FetchAsync(request.GroupId, OffsetReader.Anybody, keys, request.RequireStable).ConfigureAwait(false);
        ErrorCode each = error;
        // Before there was an error for the whole, each partition told it.
        if (error != ErrorCode.None) offsets = version < WholeErrorFrom ? [.. (keys ?? []).Select(key => new FetchedOffset(key, null, false))] : [];
        return new OffsetFetchResponse
        {
            ErrorCode = error,
            Topics = [.. offsets.GroupBy(offset => offset.Key.Topic, StringComparer.Ordinal).Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopic
            {
                Name = topic.Key,
                Partitions = [.. topic.Select(offset => new OffsetFetchResponse.OffsetFetchResponsePartition
                {
                    PartitionIndex = offset.Key.Partition,
                    CommittedOffset = offset.Offset?.Offset ?? NoOffset,
                    CommittedLeaderEpoch = offset.Offset?.LeaderEpoch ?? NoEpoch,
                    Metadata = offset.Offset?.Metadata ?? "",
                    ErrorCode = offset.IsUnstable ? ErrorCode.UnstableOffsetCommit : each,
                })],
            })],
        };
    }

    private async ValueTask<IApiMessage> FetchManyAsync(OffsetFetchRequest request, short version)
    {
        // All of a group is told once, and so is each partition: a short request that asks again and again would get an answer of any size.
        var told = new HashSet<(string Group, OffsetKey Key)>();
        IEnumerable<OffsetFetchRequest.OffsetFetchRequestGroup> asked = request.Groups.DistinctBy(group => (group.GroupId, group.Topics));
        OffsetFetchResponse.OffsetFetchResponseGroup[] groups =
            await Task.WhenAll(asked.Select(group => FetchGroupAsync(group, request.RequireStable, version, told))).ConfigureAwait(false);
        return new OffsetFetchResponse { Groups = groups };
    }

    private async Task<OffsetFetchResponse.OffsetFetchResponseGroup> FetchGroupAsync(
        OffsetFetchRequest.OffsetFetchRequestGroup group, bool requireStable, short version, HashSet<(string Group, OffsetKey Key)> told)
    {
        bool byId = version >= IdsFrom;
        ClusterMetadataImage image = _metadata.Current;
        var unknown = new List<OffsetFetchResponse.OffsetFetchResponseTopics>();
        List<OffsetKey>? keys = group.Topics is null ? null : [];
        foreach (OffsetFetchRequest.OffsetFetchRequestTopics topic in group.Topics ?? [])
        {
            string? name = !byId ? topic.Name : image.TryGetTopic(topic.TopicId, out TopicImage? known) ? known.Name : null;
            if (name is null) unknown.Add(Unknown(topic));
            else keys!.AddRange(topic.PartitionIndexes.Select(index => new OffsetKey(name, index)).Where(key => told.Add((group.GroupId, key))));
        }

        (ErrorCode error, IReadOnlyList<FetchedOffset> offsets) =
            await _groups.FetchAsync(group.GroupId, new OffsetReader(group.MemberId, group.MemberEpoch), keys, requireStable).ConfigureAwait(false);
        if (error != ErrorCode.None) return new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = group.GroupId, ErrorCode = error };
        IEnumerable<OffsetFetchResponse.OffsetFetchResponseTopics> topics = offsets.GroupBy(offset => offset.Key.Topic, StringComparer.Ordinal)
            .Select(topic => Describe(topic.Key, topic, byId, image))
            .OfType<OffsetFetchResponse.OffsetFetchResponseTopics>();
        return new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = group.GroupId, Topics = [.. topics, .. unknown] };
    }

    /// <summary>The offsets of a topic; null where the client names topics by id and this one is gone.</summary>
    private static OffsetFetchResponse.OffsetFetchResponseTopics? Describe(
        string name, IEnumerable<FetchedOffset> offsets, bool byId, ClusterMetadataImage image)
    {
        Guid id = image.TryGetTopic(name, out TopicImage? topic) ? topic.Id : Guid.Empty;
        if (byId && id == Guid.Empty) return null;
        return new OffsetFetchResponse.OffsetFetchResponseTopics
        {
            Name = name,
            TopicId = id,
            Partitions = [.. offsets.Select(offset => new OffsetFetchResponse.OffsetFetchResponsePartitions
            {
                PartitionIndex = offset.Key.Partition,
                CommittedOffset = offset.Offset?.Offset ?? NoOffset,
                CommittedLeaderEpoch = offset.Offset?.LeaderEpoch ?? NoEpoch,
                Metadata = offset.Offset?.Metadata ?? "",
                ErrorCode = offset.IsUnstable ? ErrorCode.UnstableOffsetCommit : ErrorCode.None,
            })],
        };
    }

    private static OffsetFetchResponse.OffsetFetchResponseTopics Unknown(OffsetFetchRequest.OffsetFetchRequestTopics topic) => new()
    {
        TopicId = topic.TopicId,
        Partitions = [.. topic.PartitionIndexes.Distinct().Select(index => new OffsetFetchResponse.OffsetFetchResponsePartitions
        {
            PartitionIndex = index,
            CommittedOffset = NoOffset,
            CommittedLeaderEpoch = NoEpoch,
            Metadata = "",
            ErrorCode = ErrorCode.UnknownTopicId,
        })],
    };
}
