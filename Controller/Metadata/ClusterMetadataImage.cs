using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using KBroker.Protocol.Identity;
using ConfigMap = System.Collections.Immutable.ImmutableDictionary<string, string>;

namespace KBroker.Controller.Metadata;

/// <summary>
/// The cluster at one moment, immutable and safe to read from any thread. Images share what did not change. Every broker
/// named as a leader is in <see cref="Brokers"/>.
/// </summary>
public sealed class ClusterMetadataImage
{
    private static readonly ConfigMap NoConfig = ConfigMap.Empty;
    private readonly CopyOnWriteTable<string, TopicImage> _topicsByName;
    private readonly CopyOnWriteTable<Guid, TopicImage> _topicsById;
    private readonly ImmutableDictionary<string, ConfigMap> _topicConfigs;
    private readonly ImmutableDictionary<string, ConfigMap> _brokerConfigs;

    private ClusterMetadataImage(
        MetadataVersion version, string clusterId, BrokerId controllerId,
        ImmutableSortedDictionary<BrokerId, BrokerRegistration> brokers,
        (CopyOnWriteTable<string, TopicImage> ByName, CopyOnWriteTable<Guid, TopicImage> ById) topics,
        ImmutableDictionary<string, ConfigMap> topicConfigs, ImmutableDictionary<string, ConfigMap> brokerConfigs)
    {
        Version = version;
        TopicSetVersion = version;
        ClusterId = clusterId;
        ControllerId = controllerId;
        Brokers = brokers;
        (_topicsByName, _topicsById) = topics;
        _topicConfigs = topicConfigs;
        _brokerConfigs = brokerConfigs;
    }

    /// <summary>No cluster is known yet: older than every other image.</summary>
    public static ClusterMetadataImage Empty { get; } = Create(default, "", BrokerId.None);

    /// <summary>The age of the image.</summary>
    public MetadataVersion Version { get; }

    /// <summary>The version in which a topic last came or went, or a later one: images with the same one have the same topics by name and id.</summary>
    public MetadataVersion TopicSetVersion { get; private init; }

    /// <summary>The cluster's id, 22 characters; empty before it is known.</summary>
    public string ClusterId { get; }

    /// <summary>The controller, or none.</summary>
    public BrokerId ControllerId { get; }

    /// <summary>The live brokers, by id in ascending order.</summary>
    public ImmutableSortedDictionary<BrokerId, BrokerRegistration> Brokers { get; }

    /// <summary>All topics, in no order.</summary>
    public IEnumerable<TopicImage> Topics => _topicsByName.Values;

    /// <summary>How many topics there are.</summary>
    public int TopicCount => _topicsByName.Count;

    /// <summary>The topics that have a configuration of their own, with it.</summary>
    public IReadOnlyDictionary<string, ConfigMap> TopicConfigs => _topicConfigs;

    /// <summary>The brokers (by id as text, or <see cref="ConfigResource.DefaultBroker"/>) that have a dynamic configuration.</summary>
    public IReadOnlyDictionary<string, ConfigMap> BrokerConfigs => _brokerConfigs;

    /// <summary>The groups that have a configuration of their own, with it.</summary>
    public ImmutableDictionary<string, ConfigMap> GroupConfigs { get; private init; } = ImmutableDictionary<string, ConfigMap>.Empty;

    /// <summary>An image without brokers, topics and configurations.</summary>
    public static ClusterMetadataImage Create(MetadataVersion version, string clusterId, BrokerId controllerId) => new(
        version, clusterId, controllerId, ImmutableSortedDictionary<BrokerId, BrokerRegistration>.Empty,
        (new(TopicNameComparer.Instance), new(EqualityComparer<Guid>.Default)),
        ImmutableDictionary<string, ConfigMap>.Empty, ImmutableDictionary<string, ConfigMap>.Empty);

    /// <summary>Finds a topic by name.</summary>
    public bool TryGetTopic(string name, [NotNullWhen(true)] out TopicImage? topic) => _topicsByName.TryGetValue(name, out topic);

    /// <summary>Finds a topic by the UTF-8 bytes of its name, without allocating.</summary>
    public bool TryGetTopic(ReadOnlySpan<byte> utf8Name, [NotNullWhen(true)] out TopicImage? topic)
        => _topicsByName.TryGetValue(utf8Name, out topic);

    /// <summary>Finds a topic by id.</summary>
    public bool TryGetTopic(Guid id, [NotNullWhen(true)] out TopicImage? topic) => _topicsById.TryGetValue(id, out topic);

    /// <summary>Finds a partition.</summary>
    public bool TryGetPartition(string topic, int partition, [NotNullWhen(true)] out PartitionImage? image)
    {
        image = TryGetTopic(topic, out TopicImage? found) ? found.Partition(partition) : null;
        return image is not null;
    }

    /// <summary>What is configured for a topic itself; empty if nothing is.</summary>
    public ConfigMap TopicConfig(string topic) => _topicConfigs.GetValueOrDefault(topic, NoConfig);

    /// <summary>What is configured dynamically for a broker itself; empty if nothing is.</summary>
    public ConfigMap BrokerConfig(string broker) => _brokerConfigs.GetValueOrDefault(broker, NoConfig);

    /// <summary>What is configured for a group itself; empty if nothing is.</summary>
    public ConfigMap GroupConfig(string group) => GroupConfigs.GetValueOrDefault(group, NoConfig);

    /// <summary>What is configured for a topic, a broker or a group itself; empty if nothing is.</summary>
    public ConfigMap Config(ConfigResource resource) => resource.Type switch
    {
        ConfigResourceType.Topic => TopicConfig(resource.Name),
        ConfigResourceType.Group => GroupConfig(resource.Name),
        _ => BrokerConfig(resource.Name),
    };

    /// <summary>The next image.</summary>
    public ClusterMetadataImage Apply(ClusterMetadataDelta delta, MetadataVersion version)
    {
        ImmutableSortedDictionary<BrokerId, BrokerRegistration> brokers = Brokers
            .RemoveRange(delta.Brokers.Where(broker => broker.Value is null).Select(broker => broker.Key))
            .SetItems(delta.Brokers.Where(broker => broker.Value is not null)
                .Select(broker => KeyValuePair.Create(broker.Key, broker.Value!)));
        var (byName, byId) = (_topicsByName, _topicsById);
        if (!delta.CreatedTopics.IsEmpty || !delta.ChangedTopics.IsEmpty || !delta.DeletedTopics.IsEmpty)
        {
            List<TopicImage> set = [.. delta.CreatedTopics, .. delta.ChangedTopics.Select(change => change.Topic)];
            byName = byName.With(
                delta.DeletedTopics.Select(topic => topic.Name), set.Select(topic => KeyValuePair.Create(topic.Name, topic)));
            byId = byId.With(
                delta.DeletedTopics.Select(topic => topic.Id), set.Select(topic => KeyValuePair.Create(topic.Id, topic)));
        }

        bool sameTopics = delta.CreatedTopics.IsEmpty && delta.DeletedTopics.IsEmpty;
        return new ClusterMetadataImage(
            version, ClusterId, ControllerId, brokers, (byName, byId),
            Merge(_topicConfigs, delta.TopicConfigs), Merge(_brokerConfigs, delta.BrokerConfigs))
        {
            GroupConfigs = Merge(GroupConfigs, delta.GroupConfigs),
            TopicSetVersion = sameTopics ? TopicSetVersion : version,
        };
    }

    private static ImmutableDictionary<string, ConfigMap> Merge(
        ImmutableDictionary<string, ConfigMap> before, ImmutableDictionary<string, ConfigMap> changes) => before
        .RemoveRange(changes.Where(change => change.Value.IsEmpty).Select(change => change.Key))
        .SetItems(changes.Where(change => !change.Value.IsEmpty));
}
