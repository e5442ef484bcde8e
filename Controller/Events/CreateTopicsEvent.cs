using System.Collections.Immutable;
using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Controller.Placement;
using KBroker.Controller.StateMachines;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Events;

/// <summary>CreateTopics.</summary>
internal sealed class CreateTopicsEvent(
    IReadOnlyList<NewTopic> topics, bool validateOnly, ControllerOptions options, TopicPlanner planner,
    ITopicConfigValidator validator, Random random) : ControllerEvent<IReadOnlyList<CreateTopicResult>>
{
    protected override ControllerDecision<IReadOnlyList<CreateTopicResult>> Apply(ControllerState state)
    {
        var results = new List<CreateTopicResult>();
        var writes = new List<CoordinationOperation>();
        var created = new List<TopicImage>();
        var configs = ImmutableDictionary.CreateBuilder<string, ImmutableDictionary<string, string>>();
        int reserved = 0;
        foreach (IGrouping<string, NewTopic> group in topics.GroupBy(topic => topic.Name, StringComparer.Ordinal))
        {
            NewTopic wanted = group.First();
            (ErrorCode error, string? message) = group.Skip(1).Any()
                ? (ErrorCode.InvalidRequest, "The request names this topic more than once.")
                : CheckName(state.Image, created, wanted.Name);
            if (error == ErrorCode.None) (error, message) = CheckId(state.Image, created, wanted.Id);
            if (error == ErrorCode.None) (error, message) = CheckConfig(wanted);
            if (error == ErrorCode.None)
            {
                PlacementResult placement = Place(state.Image, wanted, reserved);
                (error, message) = (placement.Error, placement.Message);
                if (error == ErrorCode.None)
                {
                    TopicImage topic = Build(state.Image, wanted, placement.Assignments);
                    created.Add(topic);
                    reserved += topic.Partitions.Sum(partition => partition.Replicas.Length);
                    ImmutableDictionary<string, string> config = Config(wanted);
                    bool hadConfig = !state.Image.TopicConfig(topic.Name).IsEmpty;
                    if (!config.IsEmpty || hadConfig) configs[topic.Name] = config;
                    if (!validateOnly) AddWrites(writes, wanted, topic, config, hadConfig, state.Term.Epoch);
                    results.Add(new CreateTopicResult(
                        topic.Name, ErrorCode.None, null, validateOnly ? Guid.Empty : topic.Id, topic.Partitions.Length,
                        (short)topic.Partitions[0].Replicas.Length));
                    continue;
                }
            }

            results.Add(CreateTopicResult.Refused(wanted.Name, error, message));
        }

        return validateOnly || created.Count == 0
            ? ControllerDecision<IReadOnlyList<CreateTopicResult>>.Answer(results)
            : new(writes, new ClusterMetadataDelta { CreatedTopics = [.. created], TopicConfigs = configs.ToImmutable() }, results);
    }

    protected override IReadOnlyList<CreateTopicResult> Refusal(ErrorCode error)
        => [.. topics.DistinctBy(topic => topic.Name).Select(topic => CreateTopicResult.Refused(topic.Name, error, null))];

    private static (ErrorCode Error, string? Message) CheckName(
        ClusterMetadataImage image, List<TopicImage> created, string name)
    {
        if (TopicName.Validate(name) is string problem) return (ErrorCode.InvalidTopicException, problem);
        if (image.TryGetTopic(name, out _)) return (ErrorCode.TopicAlreadyExists, $"Topic '{name}' already exists.");
        if (!name.AsSpan().ContainsAny('.', '_')) return (ErrorCode.None, null);
        foreach (TopicImage other in image.Topics.Concat(created))
        {
            if (TopicName.Collides(name, other.Name))
            {
                return (
                    ErrorCode.InvalidTopicException,
                    $"Topic '{name}' differs from the existing topic '{other.Name}' only in '.' and '_', which metrics cannot tell "
                    + "apart.");
            }
        }

        return (ErrorCode.None, null);
    }

    private static (ErrorCode Error, string? Message) CheckId(ClusterMetadataImage image, List<TopicImage> created, Guid id)
    {
        if (id == Guid.Empty) return (ErrorCode.None, null);
        TopicImage? other = image.TryGetTopic(id, out TopicImage? existing) ? existing : created.Find(topic => topic.Id == id);
        return other is null
            ? (ErrorCode.None, null)
            : (ErrorCode.InvalidRequest, $"Topic '{other.Name}' has the topic id {Uuid.Format(id)} already.");
    }

    private static ImmutableDictionary<string, string> Config(NewTopic topic)
    {
        var config = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach ((string name, string? value) in topic.Configs) config[name] = value!;
        return config.ToImmutable();
    }

    private (ErrorCode Error, string? Message) CheckConfig(NewTopic topic)
    {
        string nulls = string.Join(", ", topic.Configs.Where(entry => entry.Value is null).Select(entry => entry.Key));
        return nulls.Length > 0
            ? (ErrorCode.InvalidConfig, $"A new topic's configuration cannot be null: {nulls}.")
            : validator.Validate(topic.Name, Config(topic));
    }

    private PlacementResult Place(ClusterMetadataImage image, NewTopic topic, int reserved)
    {
        if (topic.Assignments.Count == 0)
        {
            int partitions = topic.PartitionCount == -1 ? options.DefaultPartitions : topic.PartitionCount;
            int replicas = topic.ReplicationFactor == -1 ? options.DefaultReplicationFactor : topic.ReplicationFactor;
            return planner.Place(image, 0, partitions, replicas, reserved);
        }

        if (topic.PartitionCount != -1 || topic.ReplicationFactor != -1)
        {
            return PlacementResult.Refused(
                ErrorCode.InvalidRequest,
                "With a replica assignment, the number of partitions and the replication factor must both be -1.");
        }

        KeyValuePair<int, IReadOnlyList<BrokerId>>[] ordered = [.. topic.Assignments.OrderBy(assignment => assignment.Key)];
        for (int i = 0; i < ordered.Length; i++)
        {
            if (ordered[i].Key != i)
            {
                return PlacementResult.Refused(
                    ErrorCode.InvalidReplicaAssignment,
                    "The partitions of a replica assignment must be numbered from 0 without gaps or repeats.");
            }
        }

        return planner.Take(image, 0, [.. ordered.Select(assignment => assignment.Value)], null, reserved);
    }

    private TopicImage Build(ClusterMetadataImage image, NewTopic topic, ImmutableArray<ImmutableArray<BrokerId>> assignments)
        => new(topic.Name, topic.Id == Guid.Empty ? Uuid.Create(random) : topic.Id, [.. assignments.Select(
            (replicas, id) => LeaderElector.Begin(id, replicas, image.Brokers.ContainsKey, FirstEpoch(topic, id)))]);

    private static void AddWrites(
        List<CoordinationOperation> writes, NewTopic wanted, TopicImage topic, ImmutableDictionary<string, string> config, bool hadConfig,
        ControllerEpoch epoch)
    {
        // A term that finishes a creation begins with epoch 0.
        if (wanted.FirstLeaderEpochs.Count == 0) TopicWrites.Create(writes, topic, config, hadConfig, epoch);
        else TopicWrites.CreateWhole(writes, topic, config, hadConfig, epoch);
    }

    private static LeaderEpoch FirstEpoch(NewTopic topic, int partition)
        => partition < topic.FirstLeaderEpochs.Count ? topic.FirstLeaderEpochs[partition] : new LeaderEpoch(0);
}
