using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// OffsetDelete (key 47): a group forgets how far it has read topics that no member subscribes to (KIP-496).
/// </summary>
/// <remarks>Version 0.</remarks>
public sealed class OffsetDeleteHandler : ApiHandler<OffsetDeleteRequest>
{
    private readonly GroupCoordinator _groups;
    private readonly MetadataFeed _metadata;

    /// <param name="groups">The groups here.</param>
    /// <param name="metadata">The topics.</param>
    public OffsetDeleteHandler(GroupCoordinator groups, MetadataFeed metadata)
        : base(ApiKey.OffsetDelete, OffsetDeleteRequest.LowestVersion, OffsetDeleteRequest.HighestVersion)
    {
        _groups = groups;
        _metadata = metadata;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, OffsetDeleteRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(DeleteAsync(request)));

    private async Task<IApiMessage> DeleteAsync(OffsetDeleteRequest request)
    {
        ClusterMetadataImage image = _metadata.Current;
        List<(OffsetKey Key, bool Exists)> named = [.. request.Topics.SelectMany(topic => topic.Partitions.Select(partition =>
            (new OffsetKey(topic.Name, partition.PartitionIndex), image.TryGetPartition(topic.Name, partition.PartitionIndex, out _)))).Distinct()];
        List<OffsetKey> keys = [.. named.Where(one => one.Exists).Select(one => one.Key)];
        (ErrorCode error, ErrorCode[] errors) = await _groups.DeleteOffsetsAsync(request.GroupId, keys).ConfigureAwait(false);
        if (error != ErrorCode.None) return new OffsetDeleteResponse { ErrorCode = error };
        var outcome = new Dictionary<OffsetKey, ErrorCode>();
        for (int i = 0; i < keys.Count; i++) outcome[keys[i]] = errors[i];
        return new OffsetDeleteResponse
        {
            Topics = [.. named.GroupBy(one => one.Key.Topic, StringComparer.Ordinal).Select(topic => new OffsetDeleteResponse.OffsetDeleteResponseTopic
            {
                Name = topic.Key,
                Partitions = [.. topic.Select(one => new OffsetDeleteResponse.OffsetDeleteResponsePartition
                {
                    PartitionIndex = one.Key.Partition,
                    ErrorCode = outcome.GetValueOrDefault(one.Key, ErrorCode.UnknownTopicOrPartition),
                })],
            })],
        };
    }
}
