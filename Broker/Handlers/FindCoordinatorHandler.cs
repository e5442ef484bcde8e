using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Metadata;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// FindCoordinator (key 10): which broker coordinates a group or a transactional id. Makes their topic when it is first asked.
/// </summary>
/// <remarks>
/// Versions 0-6. v1: kinds of keys, message. v3: flexible. v4: many keys (KIP-699). v5: transactions version 2 (KIP-890). v6: share
/// groups (KIP-932). This broker coordinates groups and transactions; another kind of key is INVALID_REQUEST.
/// </remarks>
public sealed class FindCoordinatorHandler : ApiHandler<FindCoordinatorRequest>
{
    private const sbyte GroupKey = 0;
    private const sbyte TransactionKey = 1;
    private const short ManyKeysFrom = 4;

    private readonly MetadataFeed _metadata;
    private readonly InternalTopicCreator _creator;
    private readonly Func<BrokerConfig> _config;

    /// <param name="metadata">The cluster.</param>
    /// <param name="creator">Makes the topic.</param>
    /// <param name="config">The configuration now in force.</param>
    public FindCoordinatorHandler(MetadataFeed metadata, InternalTopicCreator creator, Func<BrokerConfig> config)
        : base(ApiKey.FindCoordinator, FindCoordinatorRequest.LowestVersion, FindCoordinatorRequest.HighestVersion)
    {
        _metadata = metadata;
        _creator = creator;
        _config = config;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, FindCoordinatorRequest request)
    {
        InternalTopicSpec? topic = request.KeyType switch
        {
            GroupKey => _config().Groups.OffsetsTopic,
            TransactionKey => _config().Transactions.StateTopic,
            _ => null,
        };
        if (topic is null || _metadata.Current.TryGetTopic(topic.Name, out _))
            return ValueTask.FromResult(PendingResponse.Ready(Answer(context, request, topic, ErrorCode.None)));
        return ValueTask.FromResult(PendingResponse.Later(CreateAsync(context, request, topic)));
    }

    private async Task<IApiMessage> CreateAsync(RequestContext context, FindCoordinatorRequest request, InternalTopicSpec topic)
    {
        ErrorCode error = await _creator.EnsureAsync(topic).ConfigureAwait(false);
        return Answer(context, request, topic, error == ErrorCode.None ? ErrorCode.None : ErrorCode.CoordinatorNotAvailable);
    }

    private FindCoordinatorResponse Answer(RequestContext context, FindCoordinatorRequest request, InternalTopicSpec? topic, ErrorCode error)
    {
        var view = new ListenerView(_metadata.Current, context.Connection.Listener.Name);
        if (context.ApiVersion >= ManyKeysFrom)
            return new FindCoordinatorResponse { Coordinators = [.. request.CoordinatorKeys.Select(key => Find(view, request.KeyType, topic, key, error))] };
        FindCoordinatorResponse.Coordinator one = Find(view, request.KeyType, topic, request.Key, error);
        return new FindCoordinatorResponse
        {
            ErrorCode = one.ErrorCode,
            ErrorMessage = one.ErrorMessage,
            NodeId = one.NodeId,
            Host = one.Host,
            Port = one.Port,
        };
    }

    private static FindCoordinatorResponse.Coordinator Find(ListenerView view, sbyte keyType, InternalTopicSpec? spec, string key, ErrorCode error)
    {
        if (spec is null) return Failed(key, ErrorCode.InvalidRequest, $"This broker has no coordinator for keys of type {keyType}.");
        if (error != ErrorCode.None) return Failed(key, error, null);
        if (!view.Image.TryGetTopic(spec.Name, out TopicImage? topic)) return Failed(key, ErrorCode.CoordinatorNotAvailable, null);
        int partition = CoordinatorKey.PartitionFor(key, topic.Partitions.Length);
        int leader = view.Describe(topic, topic.Partitions[partition]).LeaderId;
        foreach ((BrokerRegistration broker, BrokerEndpoint endpoint) in view.Brokers)
        {
            if (broker.Id.Value == leader)
                return new FindCoordinatorResponse.Coordinator { Key = key, NodeId = leader, Host = endpoint.Host, Port = endpoint.Port };
        }

        return Failed(key, ErrorCode.CoordinatorNotAvailable, null);
    }

    private static FindCoordinatorResponse.Coordinator Failed(string key, ErrorCode error, string? message) =>
        new() { Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = error, ErrorMessage = message };
}
