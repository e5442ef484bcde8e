using KBroker.Protocol.Identity;

namespace KBroker.Cli.Client;

/// <summary>A transaction as a list of transactions shows it.</summary>
/// <param name="TransactionalId">The producer's transactional id.</param>
/// <param name="CoordinatorId">The broker that coordinates it.</param>
/// <param name="ProducerId">The producer's id.</param>
/// <param name="State">Its state, such as <c>Ongoing</c>.</param>
public sealed record TransactionListing(string TransactionalId, int CoordinatorId, long ProducerId, string State);

/// <summary>A transaction as its coordinator knows it.</summary>
/// <param name="Listing">What a list shows.</param>
/// <param name="ProducerEpoch">The producer's epoch.</param>
/// <param name="TimeoutMs">After how many milliseconds it is aborted.</param>
/// <param name="StartTimeMs">When it began, milliseconds since 1970; null if none is open.</param>
/// <param name="Partitions">The partitions that are part of it.</param>
public sealed record TransactionView(
    TransactionListing Listing, short ProducerEpoch, int TimeoutMs, long? StartTimeMs, IReadOnlyList<TopicPartition> Partitions);

/// <summary>A producer as the leader of a partition knows it.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="ProducerId">The producer's id.</param>
/// <param name="ProducerEpoch">Its epoch.</param>
/// <param name="LastSequence">The sequence number of its last record; -1 for none.</param>
/// <param name="LastTimestampMs">When it last wrote, milliseconds since 1970; -1 where nobody knows.</param>
/// <param name="CoordinatorEpoch">The epoch of the coordinator that ended its last transaction; null for none.</param>
/// <param name="OpenSince">The first offset of its open transaction; null for none.</param>
public sealed record ProducerView(
    TopicPartition Partition, long ProducerId, int ProducerEpoch, int LastSequence, long LastTimestampMs, int? CoordinatorEpoch, long? OpenSince);
