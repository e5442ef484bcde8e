using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller;

/// <summary>A new ISR that a partition's leader asks for (KIP-497).</summary>
/// <param name="Broker">The leader.</param>
/// <param name="BrokerEpoch">The leader's incarnation.</param>
/// <param name="TopicId">The topic.</param>
/// <param name="Partition">The partition's index.</param>
/// <param name="LeaderEpoch">The term in which the leader asks.</param>
/// <param name="PartitionEpoch">The partition epoch that the change starts from.</param>
/// <param name="NewIsr">The ISR it wants, itself included.</param>
public sealed record IsrChange(
    BrokerId Broker, BrokerEpoch BrokerEpoch, Guid TopicId, int Partition, LeaderEpoch LeaderEpoch, PartitionEpoch PartitionEpoch,
    IReadOnlyList<BrokerId> NewIsr);

/// <summary>What became of an ISR change.</summary>
/// <param name="Error">None if the ISR is now the wanted one.</param>
/// <param name="Partition">The partition as it is now; null if it is not known.</param>
public sealed record IsrChangeResult(ErrorCode Error, PartitionImage? Partition);
