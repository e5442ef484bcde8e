using System.Collections.Immutable;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Metadata;

/// <summary>
/// A partition as the controller last wrote it. The ISR is a subset of the replicas and not empty; the leader is in the ISR
/// or <see cref="BrokerId.None"/>.
/// </summary>
/// <param name="Id">The partition's index, 0 or more.</param>
/// <param name="Replicas">The assignment, the preferred leader first.</param>
/// <param name="Isr">The replicas in sync.</param>
/// <param name="AddingReplicas">Replicas that a reassignment adds (KIP-455).</param>
/// <param name="RemovingReplicas">Replicas that a reassignment removes (KIP-455).</param>
/// <param name="Leader">The leader, or none.</param>
/// <param name="LeaderEpoch">Raised whenever the leader changes or restarts.</param>
/// <param name="PartitionEpoch">Raised by every change of leader or ISR.</param>
public sealed record PartitionImage(
    int Id,
    ImmutableArray<BrokerId> Replicas,
    ImmutableArray<BrokerId> Isr,
    ImmutableArray<BrokerId> AddingReplicas,
    ImmutableArray<BrokerId> RemovingReplicas,
    BrokerId Leader,
    LeaderEpoch LeaderEpoch,
    PartitionEpoch PartitionEpoch);
