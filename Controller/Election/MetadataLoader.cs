using System.Collections.Immutable;
using System.Globalization;
using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Controller.StateMachines;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary>Reads the whole cluster from the tree at the start of a term, and says what has to be put right.</summary>
internal sealed class MetadataLoader(ICoordinationSession session, ControllerTerm term, ControllerOptions options, Random random)
{
    private readonly List<CoordinationOperation> _repairs = [];
    private readonly HashSet<string> _deleted = new(StringComparer.Ordinal);

    /// <summary>The live brokers.</summary>
    public static async ValueTask<IReadOnlyDictionary<BrokerId, BrokerRegistration>> ReadBrokersAsync(ICoordinationSession session)
    {
        var brokers = new Dictionary<BrokerId, BrokerRegistration>();
        foreach (string name in await ChildrenAsync(session, Znodes.BrokerIds))
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)) continue;
            var id = new BrokerId(number);
            string path = Znodes.Broker(id);
            CoordinationResult<NodeData> node = await session.GetAsync(path);
            if (node.IsOk)
            {
                brokers[id] = BrokerZnode.Decode(id, new BrokerEpoch(node.Value.Stat.CreationId), path, node.Value.Data);
            }
        }

        return brokers;
    }

    /// <summary>The image, as it is once the writes have been made.</summary>
    public async ValueTask<(ClusterMetadataImage Image, IReadOnlyList<CoordinationOperation> Repairs)> LoadAsync()
    {
        IReadOnlyDictionary<BrokerId, BrokerRegistration> brokers = await ReadBrokersAsync(session);
        var topicConfigs = await ReadConfigsAsync(Znodes.TopicConfigs, Znodes.TopicConfig);
        var brokerConfigs = await ReadConfigsAsync(Znodes.BrokerConfigs, Znodes.BrokerConfig);
        var groupConfigs = await ReadConfigsAsync(Znodes.GroupConfigs, Znodes.GroupConfig, SanitizedName.Read);
        await FinishDeletionsAsync(topicConfigs);
        ClusterMetadataImage image = ClusterMetadataImage
            .Create(new MetadataVersion(term.Epoch, 0), await ClusterIdAsync(), options.Id)
            .Apply(
                new ClusterMetadataDelta
                {
                    Brokers = brokers.ToImmutableDictionary(broker => broker.Key, broker => (BrokerRegistration?)broker.Value),
                    TopicConfigs = topicConfigs.ToImmutable(),
                    BrokerConfigs = brokerConfigs.ToImmutable(),
                    GroupConfigs = groupConfigs.ToImmutable(),
                },
                default);
        var topics = ImmutableArray.CreateBuilder<TopicImage>();
        foreach (string name in await ChildrenAsync(session, Znodes.Topics))
        {
            if (!_deleted.Contains(name) && await ReadTopicAsync(name, image) is TopicImage topic) topics.Add(topic);
        }

        image = image.Apply(new ClusterMetadataDelta { CreatedTopics = topics.ToImmutable() }, new MetadataVersion(term.Epoch, 1));
        return (image, _repairs);
    }

    private static async ValueTask<IReadOnlyList<string>> ChildrenAsync(ICoordinationSession session, string path)
    {
        CoordinationResult<NodeChildren> children = await session.GetChildrenAsync(path);
        return children.IsOk ? children.Value.Names : [];
    }

    private async ValueTask<string> ClusterIdAsync()
    {
        CoordinationResult<NodeData> node = await session.GetAsync(Znodes.ClusterId);
        if (node.IsOk) return ClusterIdZnode.Decode(node.Value.Data);
        string id = options.NewClusterId ?? Uuid.Format(Uuid.Create(random));
        _repairs.Add(new CoordinationOperation.Create(Znodes.ClusterId, ClusterIdZnode.Encode(id)));
        return id;
    }

    private async ValueTask<ImmutableDictionary<string, ImmutableDictionary<string, string>>.Builder> ReadConfigsAsync(
        string parent, Func<string, string> pathOf, Func<string, string?>? nameOf = null)
    {
        var configs = ImmutableDictionary.CreateBuilder<string, ImmutableDictionary<string, string>>();
        foreach (string node in await ChildrenAsync(session, parent))
        {
            string? name = nameOf is null ? node : nameOf(node);
            if (name is null) continue;
            string path = pathOf(name);
            CoordinationResult<NodeData> data = await session.GetAsync(path);
            if (!data.IsOk) continue;
            ImmutableDictionary<string, string> config = ConfigZnode.Decode(path, data.Value.Data);
            if (config.IsEmpty)
            {
                // A node exists exactly where the image has a configuration: later writes rely on it.
                _repairs.Add(new CoordinationOperation.Delete(path));
            }
            else
            {
                configs[name] = config;
            }
        }

        return configs;
    }

    private async ValueTask FinishDeletionsAsync(
        ImmutableDictionary<string, ImmutableDictionary<string, string>>.Builder topicConfigs)
    {
        foreach (string name in await ChildrenAsync(session, Znodes.DeleteTopics))
        {
            if (options.DeleteTopicEnable)
            {
                await DeleteTreeAsync(Znodes.Topic(name));
                if (topicConfigs.Remove(name)) _repairs.Add(new CoordinationOperation.Delete(Znodes.TopicConfig(name)));
                _deleted.Add(name);
            }

            _repairs.Add(new CoordinationOperation.Delete(Znodes.DeleteTopic(name)));
        }
    }

    private async ValueTask DeleteTreeAsync(string path)
    {
        CoordinationResult<NodeChildren> children = await session.GetChildrenAsync(path);
        if (!children.IsOk) return;
        foreach (string name in children.Value.Names) await DeleteTreeAsync($"{path}/{name}");
        _repairs.Add(new CoordinationOperation.Delete(path));
    }

    private async ValueTask<TopicImage?> ReadTopicAsync(string name, ClusterMetadataImage image)
    {
        string path = Znodes.Topic(name);
        CoordinationResult<NodeData> node = await session.GetAsync(path);
        if (!node.IsOk) return null;
        TopicImage topic = TopicZnode.Decode(name, path, node.Value.Data);
        if (topic.Id == Guid.Empty)
        {
            // Written before topic ids existed (Kafka below 2.8): it gets one now (KIP-516).
            topic = topic with { Id = Uuid.Create(random) };
            _repairs.Add(new CoordinationOperation.SetData(path, TopicZnode.Encode(topic), node.Value.Stat.Version));
        }

        if (!(await session.ExistsAsync(Znodes.Partitions(name))).IsOk)
        {
            _repairs.Add(new CoordinationOperation.Create(Znodes.Partitions(name), default));
        }

        bool unclean = UncleanElection.IsAllowed(image, name, options.UncleanLeaderElection);
        var partitions = ImmutableArray.CreateBuilder<PartitionImage>(topic.Partitions.Length);
        foreach (PartitionImage partition in topic.Partitions)
        {
            partitions.Add(await ReadPartitionAsync(name, partition, image, unclean));
        }

        return topic with { Partitions = partitions.MoveToImmutable() };
    }

    private async ValueTask<PartitionImage> ReadPartitionAsync(
        string topic, PartitionImage assigned, ClusterMetadataImage image, bool unclean)
    {
        string path = Znodes.PartitionState(topic, assigned.Id);
        CoordinationResult<NodeData> state = await session.GetAsync(path);
        if (!state.IsOk)
        {
            PartitionImage begun = LeaderElector.Begin(assigned.Id, assigned.Replicas, image.Brokers.ContainsKey);
            if (!(await session.ExistsAsync(Znodes.Partition(topic, assigned.Id))).IsOk)
            {
                _repairs.Add(new CoordinationOperation.Create(Znodes.Partition(topic, assigned.Id), default));
            }

            _repairs.Add(new CoordinationOperation.Create(path, PartitionStateZnode.Encode(begun, term.Epoch)));
            return begun with { AddingReplicas = assigned.AddingReplicas, RemovingReplicas = assigned.RemovingReplicas };
        }

        PartitionImage partition = PartitionStateZnode.Decode(assigned, state.Value.Stat.Version, path, state.Value.Data);

        // A broker registered after the state was last written has restarted since, and no controller has noticed yet.
        long written = state.Value.Stat.ModificationId;
        bool Restarted(BrokerId id) => image.Brokers.TryGetValue(id, out BrokerRegistration? broker) && broker.Epoch.Value > written;
        PartitionImage? next = LeaderElector.Elect(partition, image.Brokers.ContainsKey, Restarted, unclean);
        if (next is null) return partition;
        _repairs.Add(TopicWrites.ChangeState(topic, next, term.Epoch));
        return next;
    }
}
