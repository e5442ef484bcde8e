using System.Globalization;
using KBroker.Broker.Connections;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Handlers;

/// <summary>
/// ListConfigResources (key 74): what there is that can have a configuration (KIP-1142).
/// </summary>
/// <remarks>
/// Versions 0-1, flexible. v0 asks for client metrics alone, of which this broker has none. v1: any types; none named means all. Topics
/// and brokers are listed whether they have a configuration of their own or not, groups when they have one. A type that Kafka does not
/// have is UNSUPPORTED_VERSION.
/// </remarks>
public sealed class ListConfigResourcesHandler : ApiHandler<ListConfigResourcesRequest>
{
    private const sbyte BrokerLogger = 8;
    private const sbyte ClientMetrics = 16;

    private static readonly sbyte[] AllTypes =
        [(sbyte)ConfigResourceType.Topic, (sbyte)ConfigResourceType.Broker, BrokerLogger, ClientMetrics, (sbyte)ConfigResourceType.Group];

    private readonly MetadataFeed _metadata;

    /// <param name="metadata">Topics, brokers and the groups with a configuration.</param>
    public ListConfigResourcesHandler(MetadataFeed metadata)
        : base(ApiKey.ListConfigResources, ListConfigResourcesRequest.LowestVersion, ListConfigResourcesRequest.HighestVersion)
    {
        _metadata = metadata;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, ListConfigResourcesRequest request)
    {
        sbyte[] types = context.ApiVersion == 0 ? [ClientMetrics] : request.ResourceTypes.Length == 0 ? AllTypes : [.. request.ResourceTypes.Distinct()];
        if (types.Except(AllTypes).Any()) return ValueTask.FromResult(PendingResponse.Ready(new ListConfigResourcesResponse { ErrorCode = ErrorCode.UnsupportedVersion }));
        ClusterMetadataImage image = _metadata.Current;
        var response = new ListConfigResourcesResponse
        {
            ConfigResources =
            [
                .. types.SelectMany(type => Names(type, image).Select(name => new ListConfigResourcesResponse.ConfigResource { ResourceName = name, ResourceType = type })),
            ],
        };
        return ValueTask.FromResult(PendingResponse.Ready(response));
    }

    private static IEnumerable<string> Names(sbyte type, ClusterMetadataImage image) => type switch
    {
        (sbyte)ConfigResourceType.Topic => image.Topics.Select(topic => topic.Name).Order(StringComparer.Ordinal),
        (sbyte)ConfigResourceType.Broker or BrokerLogger => image.Brokers.Keys.Select(id => id.Value.ToString(CultureInfo.InvariantCulture)),
        (sbyte)ConfigResourceType.Group => image.GroupConfigs.Keys.Order(StringComparer.Ordinal),
        _ => [],
    };
}
