using System.Collections.Immutable;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Partitions;

/// <summary>
/// Who leads a partition, in which term, and which replicas are in sync: what the controller decided, as one immutable value.
/// </summary>
/// <param name="Role">This broker's part in it.</param>
/// <param name="Leader">The leader, or <see cref="BrokerId.None"/>.</param>
/// <param name="LeaderEpoch">The leader's term.</param>
/// <param name="PartitionEpoch">The version of this decision.</param>
/// <param name="Replicas">All replicas, the preferred leader first.</param>
/// <param name="InSyncReplicas">The replicas that count for acks=all.</param>
public sealed record PartitionLeadership(
    PartitionRole Role,
    BrokerId Leader,
    LeaderEpoch LeaderEpoch,
    PartitionEpoch PartitionEpoch,
    ImmutableArray<BrokerId> Replicas,
    ImmutableArray<BrokerId> InSyncReplicas)
{
    /// <summary>Before the controller's first word: nobody is known to lead.</summary>
    public static PartitionLeadership Unknown { get; } =
        new(PartitionRole.Follower, BrokerId.None, LeaderEpoch.Unknown, default, [], []);
}
