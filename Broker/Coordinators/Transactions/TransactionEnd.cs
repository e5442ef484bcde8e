using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>The end of a transaction, as it is marked in each partition that the transaction wrote to.</summary>
/// <param name="ProducerId">Whose transaction.</param>
/// <param name="ProducerEpoch">The epoch that the markers carry; an older one of the producer is fenced by them.</param>
/// <param name="Commit">Whether it is committed; else it is aborted.</param>
/// <param name="CoordinatorEpoch">The leader epoch of the coordinator's partition; markers of an older one are refused.</param>
/// <param name="Partitions">Where the transaction wrote records or offsets.</param>
public sealed record TransactionEnd(long ProducerId, short ProducerEpoch, bool Commit, int CoordinatorEpoch, IReadOnlyList<TopicPartition> Partitions);
