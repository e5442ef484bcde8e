using System.Collections.Immutable;
using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Controller.Placement;
using KBroker.Controller.StateMachines;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Events;

/// <summary>CreatePartitions.</summary>
internal sealed class CreatePartitionsEvent(IReadOnlyList<NewPartitions> topics, bool validateOnly, TopicPlanner planner)
    : ControllerEvent<IReadOnlyList<CreatePartitionsResult>>
{
    protected override ControllerDecision<IReadOnlyList<CreatePartitionsResult>> Apply(ControllerState state)
    {
        var results = new List<CreatePartitionsResult>();
        var writes = new List<CoordinationOperation>();
        var changes = ImmutableArray.CreateBuilder<TopicChange>();
        int reserved = 0;
        foreach (IGrouping<string, NewPartitions> group in topics.GroupBy(topic => topic.Topic, StringComparer.Ordinal))
        {
            NewPartitions wanted = group.First();
            if (group.Skip(1).Any())
            {
                results.Add(new(wanted.Topic, ErrorCode.InvalidRequest, "The request names this topic more than once."));
                continue;
            }

            if (!state.Image.TryGetTopic(wanted.Topic, out TopicImage? topic))
            {
                results.Add(new(wanted.Topic, ErrorCode.UnknownTopicOrPartition, "There is no topic with this name."));
                continue;
            }

            PlacementResult placement = Place(state.Image, wanted, topic, reserved);
            results.Add(new(wanted.Topic, placement.Error, placement.Message));
            if (placement.Error != ErrorCode.None || validateOnly) continue;
            int firstNew = topic.Partitions.Length;
            TopicImage grown = topic with
            {
                Partitions = topic.Partitions.AddRange(placement.Assignments.Select(
                    (replicas, i) => LeaderElector.Begin(firstNew + i, replicas, state.Image.Brokers.ContainsKey))),
            };
            reserved += placement.Assignments.Sum(replicas => replicas.Length);
            TopicWrites.AddPartitions(writes, grown, firstNew, state.Term.Epoch);
            changes.Add(new TopicChange(grown, [.. Enumerable.Range(firstNew, placement.Assignments.Length)]));
        }

        return new(writes, new ClusterMetadataDelta { ChangedTopics = changes.ToImmutable() }, results);
    }

    protected override IReadOnlyList<CreatePartitionsResult> Refusal(ErrorCode error)
        => [.. topics.DistinctBy(topic => topic.Topic).Select(topic => new CreatePartitionsResult(topic.Topic, error, null))];

    private PlacementResult Place(ClusterMetadataImage image, NewPartitions wanted, TopicImage topic, int reserved)
    {
        int present = topic.Partitions.Length;
        if (wanted.TotalCount <= present)
        {
            return PlacementResult.Refused(
                ErrorCode.InvalidPartitions,
                $"Topic '{topic.Name}' has {present} partitions already; {wanted.TotalCount} would not be an increase.");
        }

        int added = wanted.TotalCount - present;
        int replicationFactor = topic.Partitions[0].Replicas.Length;
        if (wanted.Assignments is not IReadOnlyList<IReadOnlyList<BrokerId>> assignments)
        {
            return planner.Place(image, present, added, replicationFactor, reserved);
        }

        return assignments.Count == added
            ? planner.Take(image, present, assignments, replicationFactor, reserved)
            : PlacementResult.Refused(
                ErrorCode.InvalidReplicaAssignment,
                $"{added} partitions are to be added, but the request assigns {assignments.Count}.");
    }
}
