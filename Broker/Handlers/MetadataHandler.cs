using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Controller.Metadata;
using KBroker.Controller.Placement;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// Metadata (key 3): the brokers, and where the partitions of topics are led. Creates topics that are asked for by name.
/// </summary>
/// <remarks>
/// Versions 0-13. v1: no topics means none and null means all, where v0 takes none for all; rack, controller, internal topics.
/// v2: cluster id. v3: throttle time. v4: the client may forbid auto-creation. v5: offline replicas (KIP-112). v6: a leader
/// without this listener is told apart from no leader. v7: leader epoch (KIP-320). v8: authorized operations (KIP-430). v9:
/// flexible. v10: topic ids in answers (KIP-516). v11: no cluster operations any more (KIP-700). v12: topics by id. v13: an
/// error code for all, unused here (KIP-1102). A topic that is created for the request is in the answer, ready for use: the
/// controller answers once it is published.
/// </remarks>
public sealed class MetadataHandler : ApiHandler<MetadataRequest>
{
    private const short TakesIdsFrom = 12;
    private const short TellsMissingListenersFrom = 6;

    // A client that names more gets the others, by asking again, a thousand at a time.
    private const int MostCreatedAtOnce = 1000;

    private readonly MetadataFeed _metadata;
    private readonly TopicAutoCreator _creator;
    private readonly LocalReplicas _local;
    private readonly Func<BrokerConfig> _config;

    /// <param name="metadata">The cluster.</param>
    /// <param name="creator">Creates topics.</param>
    /// <param name="local">Which replicas here are out of service.</param>
    /// <param name="config">The configuration now in force.</param>
    public MetadataHandler(MetadataFeed metadata, TopicAutoCreator creator, LocalReplicas local, Func<BrokerConfig> config)
        : base(ApiKey.Metadata, MetadataRequest.LowestVersion, MetadataRequest.HighestVersion)
    {
        _metadata = metadata;
        _creator = creator;
        _local = local;
        _config = config;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, MetadataRequest request)
    {
        bool isAll = request.Topics is null || (context.ApiVersion == 0 && request.Topics.Length == 0);
        if (isAll) return Ready(Answer(context, request, AllTopics));

        MetadataRequest.MetadataRequestTopic[] wanted = request.Topics!;
        if (context.ApiVersion < TakesIdsFrom && wanted.Any(topic => topic.Name is null || topic.TopicId != Guid.Empty))
            return Ready(Answer(context, request, _ => wanted.Select(topic => Failed(topic.Name ?? "", topic.TopicId, ErrorCode.InvalidRequest))));

        // As soon as one topic is named by id, those named by name are passed over, as in Kafka.
        Guid[] ids = [.. wanted.Select(topic => topic.TopicId).Where(id => id != Guid.Empty).Distinct()];
        if (ids.Length > 0) return Ready(Answer(context, request, view => ids.Select(id => ById(view, id))));

        string[] names = [.. wanted.Select(topic => topic.Name).OfType<string>().Distinct(StringComparer.Ordinal)];
        string[] missing = request.AllowAutoTopicCreation && _config().Topics.AutoCreate ? Missing(names) : [];
        return missing.Length == 0
            ? Ready(Answer(context, request, view => names.Select(name => ByName(view, name, null))))
            : ValueTask.FromResult(PendingResponse.Later(CreateAsync(context, request, names, missing)));
    }

    private static ValueTask<PendingResponse> Ready(MetadataResponse response) => ValueTask.FromResult(PendingResponse.Ready(response));

    private async Task<IApiMessage> CreateAsync(RequestContext context, MetadataRequest request, string[] names, string[] missing)
    {
        IReadOnlyDictionary<string, ErrorCode> errors = await _creator.CreateAsync(missing).ConfigureAwait(false);
        return Answer(context, request, view => names.Select(name => ByName(view, name, errors)));
    }

    private string[] Missing(string[] names)
    {
        ClusterMetadataImage image = _metadata.Current;
        return [.. names
            .Where(name => TopicName.IsValid(name) && !InternalTopics.Contains(name) && name != InternalTopics.ClusterMetadata
                && !image.TryGetTopic(name, out _))
            .Take(MostCreatedAtOnce)];
    }

    private MetadataResponse Answer(
        RequestContext context, MetadataRequest request, Func<ListenerView, IEnumerable<MetadataResponse.MetadataResponseTopic>> describe)
    {
        var view = new ListenerView(_metadata.Current, context.Connection.Listener.Name, _local);
        MetadataResponse.MetadataResponseTopic[] topics = [.. describe(view)];
        foreach (MetadataResponse.MetadataResponseTopic topic in topics)
        {
            if (request.IncludeTopicAuthorizedOperations && topic.ErrorCode == ErrorCode.None)
                topic.TopicAuthorizedOperations = AuthorizedOperations.AllOnTopic;
            AdaptErrors(topic, context.ApiVersion);
        }

        return new MetadataResponse
        {
            Brokers = [.. view.Brokers.Select(entry => new MetadataResponse.MetadataResponseBroker
            {
                NodeId = entry.Broker.Id.Value,
                Host = entry.Endpoint.Host,
                Port = entry.Endpoint.Port,
                Rack = entry.Broker.Rack,
            })],
            ClusterId = view.Image.ClusterId,
            ControllerId = view.ControllerId,
            Topics = topics,
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations
                ? AuthorizedOperations.AllOnCluster
                : AuthorizedOperations.NotRequested,
        };
    }

    private static IEnumerable<MetadataResponse.MetadataResponseTopic> AllTopics(ListenerView view) =>
        view.Image.Topics.Select(topic => Described(view, topic));

    private static MetadataResponse.MetadataResponseTopic ByName(
        ListenerView view, string name, IReadOnlyDictionary<string, ErrorCode>? creationErrors)
    {
        if (view.Image.TryGetTopic(name, out TopicImage? topic)) return Described(view, topic);
        ErrorCode error = TopicName.IsValid(name) ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException;
        if (creationErrors is not null && creationErrors.TryGetValue(name, out ErrorCode failed) && failed != ErrorCode.None) error = failed;
        return Failed(name, Guid.Empty, error);
    }

    private static MetadataResponse.MetadataResponseTopic ById(ListenerView view, Guid id) =>
        view.Image.TryGetTopic(id, out TopicImage? topic) ? Described(view, topic) : Failed(null, id, ErrorCode.UnknownTopicId);

    private static MetadataResponse.MetadataResponseTopic Failed(string? name, Guid id, ErrorCode error) => new()
    {
        Name = name,
        TopicId = id,
        ErrorCode = error,
        IsInternal = name is not null && InternalTopics.Contains(name),
    };

    private static MetadataResponse.MetadataResponseTopic Described(ListenerView view, TopicImage topic)
    {
        var partitions = new MetadataResponse.MetadataResponsePartition[topic.Partitions.Length];
        for (int i = 0; i < partitions.Length; i++)
        {
            PartitionView partition = view.Describe(topic, topic.Partitions[i]);
            partitions[i] = new MetadataResponse.MetadataResponsePartition
            {
                ErrorCode = partition.Error,
                PartitionIndex = i,
                LeaderId = partition.LeaderId,
                LeaderEpoch = partition.LeaderEpoch,
                ReplicaNodes = partition.Replicas,
                IsrNodes = partition.Isr,
                OfflineReplicas = partition.Offline,
            };
        }

        return new MetadataResponse.MetadataResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = InternalTopics.Contains(topic.Name),
            Partitions = partitions,
        };
    }

    /// <summary>Says what old clients know: v0 is not told of replicas that are away, and v0-5 know no missing listener.</summary>
    private static void AdaptErrors(MetadataResponse.MetadataResponseTopic topic, short version)
    {
        if (version >= TellsMissingListenersFrom) return;
        foreach (MetadataResponse.MetadataResponsePartition partition in topic.Partitions)
        {
            if (partition.ErrorCode == ErrorCode.ListenerNotFound) partition.ErrorCode = ErrorCode.LeaderNotAvailable;
            if (version > 0 || partition.OfflineReplicas.Length == 0) continue;
            if (partition.ErrorCode == ErrorCode.None) partition.ErrorCode = ErrorCode.ReplicaNotAvailable;
            partition.ReplicaNodes = [.. partition.ReplicaNodes.Except(partition.OfflineReplicas)];
            partition.IsrNodes = [.. partition.IsrNodes.Except(partition.OfflineReplicas)];
        }
    }
}
