using System.Collections.Immutable;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Placement;

/// <summary>Checks what a client wants of partitions and replicas, and places them on the live brokers.</summary>
/// <param name="placer">Places what the client leaves to the controller.</param>
/// <param name="maxPartitions">The most partition replicas a broker holds.</param>
internal sealed class TopicPlanner(ReplicaPlacer placer, int maxPartitions)
{
    /// <summary>Places by counts.</summary>
    public PlacementResult Place(ClusterMetadataImage image, int firstPartition, int partitions, int replicationFactor, int reserved)
    {
        if (partitions <= 0)
        {
            return PlacementResult.Refused(ErrorCode.InvalidPartitions, "The number of partitions must be larger than 0.");
        }

        if (replicationFactor <= 0)
        {
            return PlacementResult.Refused(
                ErrorCode.InvalidReplicationFactor, "The replication factor must be larger than 0, or -1 for the default.");
        }

        if (replicationFactor > image.Brokers.Count)
        {
            return PlacementResult.Refused(
                ErrorCode.InvalidReplicationFactor,
                $"The replication factor {replicationFactor} is larger than the number of live brokers, {image.Brokers.Count}.");
        }

        return CapProblem(image, (long)partitions * replicationFactor, reserved)
            ?? PlacementResult.Of(placer.Place(image.Brokers.Values, firstPartition, partitions, replicationFactor));
    }

    /// <summary>Takes the client's own assignment.</summary>
    /// <param name="image">The cluster.</param>
    /// <param name="firstPartition">The index of the first new partition.</param>
    /// <param name="assignments">The brokers of each new partition, in order.</param>
    /// <param name="replicationFactor">The number of replicas each must have; null if the first decides.</param>
    /// <param name="reserved">Replicas promised to others in the same request.</param>
    public PlacementResult Take(
        ClusterMetadataImage image, int firstPartition, IReadOnlyList<IReadOnlyList<BrokerId>> assignments, int? replicationFactor,
        int reserved)
    {
        long replicas = 0;
        for (int i = 0; i < assignments.Count; i++)
        {
            string? problem = Problem(image, assignments[i], replicationFactor);
            if (problem is not null)
            {
                return PlacementResult.Refused(ErrorCode.InvalidReplicaAssignment, $"Partition {firstPartition + i}: {problem}");
            }

            replicationFactor ??= assignments[i].Count;
            replicas += assignments[i].Count;
        }

        return CapProblem(image, replicas, reserved) ?? PlacementResult.Of([.. assignments.Select(a => a.ToImmutableArray())]);
    }

    private static string? Problem(ClusterMetadataImage image, IReadOnlyList<BrokerId> replicas, int? replicationFactor)
    {
        if (replicas.Count == 0) return "the assignment names no broker.";
        if (replicas.Distinct().Count() != replicas.Count) return "the assignment names a broker twice.";
        if (replicationFactor is int expected && replicas.Count != expected)
        {
            return $"the assignment has {replicas.Count} replicas where the other partitions have {expected}.";
        }

        foreach (BrokerId replica in replicas)
        {
            if (!image.Brokers.ContainsKey(replica)) return $"the assignment names broker {replica}, which is not there.";
        }

        return null;
    }

    private PlacementResult? CapProblem(ClusterMetadataImage image, long added, int reserved)
    {
        long capacity = (long)maxPartitions * Math.Max(1, image.Brokers.Count);
        if (added + reserved <= capacity)
        {
            long held = image.Topics.Sum(topic => topic.Partitions.Sum(partition => (long)partition.Replicas.Length));
            if (held + added + reserved <= capacity) return null;
        }

        return PlacementResult.Refused(
            ErrorCode.InvalidPartitions,
            $"{added} more partition replicas would exceed the {maxPartitions} that each broker may hold (kbroker.max.partitions).");
    }
}
