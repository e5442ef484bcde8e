using System.Globalization;
using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;
using KBroker.Controller.Metadata;
using KBroker.Controller.Placement;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DescribeConfigs (key 32): the effective settings of topics, brokers and groups, and where they come from (KIP-133).
/// </summary>
/// <remarks>
/// Versions 0-4. v0 tells defaults only by a flag, and Kafka 4 does not serve it. v1: source and synonyms (KIP-226). v2: the client
/// backs off by itself when throttled. v3: types and documentation (KIP-569). v4: flexible. A broker without name stands for the
/// runtime defaults of all brokers. No keys, null or empty, mean all. Other resource types (loggers, client metrics) are
/// INVALID_REQUEST: they have no settings here.
/// </remarks>
public sealed class DescribeConfigsHandler : ApiHandler<DescribeConfigsRequest>
{
    private readonly BrokerId _self;
    private readonly MetadataFeed _metadata;
    private readonly Func<BrokerConfig> _config;

    /// <param name="self">This broker, the only one it can speak for.</param>
    /// <param name="metadata">What topics and groups set.</param>
    /// <param name="config">The configuration now in force.</param>
    public DescribeConfigsHandler(BrokerId self, MetadataFeed metadata, Func<BrokerConfig> config)
        : base(ApiKey.DescribeConfigs, DescribeConfigsRequest.LowestVersion, DescribeConfigsRequest.HighestVersion)
    {
        _self = self;
        _metadata = metadata;
        _config = config;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DescribeConfigsRequest request)
    {
        // A resource named again is answered once, so that a short request cannot ask for an answer without end.
        var results = request.Resources
            .GroupBy(resource => (Type: resource.ResourceType, Name: resource.ResourceName))
            .Select(resource =>
            {
                (ErrorCode error, string? message, IReadOnlyList<DescribedConfig> configs) = Describe(resource.Key.Type, resource.Key.Name);
                return new DescribeConfigsResponse.DescribeConfigsResult
                {
                    ErrorCode = error,
                    ErrorMessage = ErrorText.Fit(message),
                    ResourceType = resource.Key.Type,
                    ResourceName = resource.Key.Name,
                    Configs = [.. Wanted(configs, resource).Select(config => Row(config, request, context.ApiVersion))],
                };
            });
        return ValueTask.FromResult(PendingResponse.Ready(new DescribeConfigsResponse { Results = [.. results] }));
    }

    private (ErrorCode Error, string? Message, IReadOnlyList<DescribedConfig> Configs) Describe(sbyte type, string name)
    {
        switch ((ConfigResourceType)type)
        {
            case ConfigResourceType.Topic:
                if (TopicName.Validate(name) is { } problem) return (ErrorCode.InvalidTopicException, problem, []);
                ClusterMetadataImage image = _metadata.Current;
                return image.TryGetTopic(name, out _)
                    ? (ErrorCode.None, null, _config().TopicDefaults.Describe(image.TopicConfig(name)))
                    : (ErrorCode.UnknownTopicOrPartition, $"There is no topic '{name}'.", []);
            case ConfigResourceType.Broker when name.Length == 0:
                return (ErrorCode.None, null, _config().DescribeClusterDefaults());
            case ConfigResourceType.Broker:
                return name == _self.Value.ToString(CultureInfo.InvariantCulture)
                    ? (ErrorCode.None, null, _config().Describe())
                    : (ErrorCode.InvalidRequest, $"This is broker {_self}; the settings of '{name}' are described there.", []);
            case ConfigResourceType.Group:
                // Of any group, whether it exists or not: its settings do not depend on that.
                return name.Length > 0
                    ? (ErrorCode.None, null, _config().GroupDefaults.Describe(_metadata.Current.GroupConfig(name)))
                    : (ErrorCode.InvalidRequest, "A group has an id.", []);
            default:
                return (ErrorCode.InvalidRequest, $"Resource type {type} has no configuration here; topics (2), brokers (4) and groups (32) have.", []);
        }
    }

    private static IEnumerable<DescribedConfig> Wanted(
        IReadOnlyList<DescribedConfig> configs, IEnumerable<DescribeConfigsRequest.DescribeConfigsResource> askedBy)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (DescribeConfigsRequest.DescribeConfigsResource resource in askedBy)
        {
            if (resource.ConfigurationKeys is not { Length: > 0 } keys) return configs;
            wanted.UnionWith(keys);
        }

        return configs.Where(config => wanted.Contains(config.Name));
    }

    private static DescribeConfigsResponse.DescribeConfigsResourceResult Row(DescribedConfig config, DescribeConfigsRequest request, short version) => new()
    {
        Name = config.Name,
        Value = config.Value,
        ReadOnly = config.IsReadOnly,
        IsDefault = version == 0 && config.Source == ConfigSource.DefaultConfig,
        ConfigSource = (sbyte)config.Source,
        IsSensitive = config.IsSensitive,
        Synonyms = request.IncludeSynonyms
            ? [.. config.Synonyms.Select(synonym => new DescribeConfigsResponse.DescribeConfigsSynonym
            {
                Name = synonym.Name,
                Value = synonym.Value,
                Source = (sbyte)synonym.Source,
            })]
            : [],
        ConfigType = (sbyte)config.Type,
        Documentation = request.IncludeDocumentation ? config.Documentation : null,
    };
}
