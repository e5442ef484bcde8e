using KBroker.Protocol;

namespace KBroker.Broker.Metadata;

/// <summary>A partition as one listener's clients see it.</summary>
/// <param name="Error">LEADER_NOT_AVAILABLE, LISTENER_NOT_FOUND (the leader is up, but not on this listener), or none.</param>
/// <param name="LeaderId">The leader; -1 on error.</param>
/// <param name="LeaderEpoch">The leader's term.</param>
/// <param name="Replicas">All replicas, the preferred leader first.</param>
/// <param name="Isr">The replicas in sync.</param>
/// <param name="Offline">The replicas whose broker cannot be reached on this listener, or whose log is out of service.</param>
internal readonly record struct PartitionView(
    ErrorCode Error, int LeaderId, int LeaderEpoch, int[] Replicas, int[] Isr, int[] Offline);
