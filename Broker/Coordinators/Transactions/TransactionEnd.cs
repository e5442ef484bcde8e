using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>The end of a transaction, as it is marked in each partition that the transaction wrote to.</summary>
/// <param name="ProducerId">Whose transaction.</param>
/// <param name="ProducerEpoch">The epoch that the markers carry; an older one of the producer is fenced by them.</param>
/// <param name="Commit">Whether it is committed; else it is aborted.</param>
/// <param name="CoordinatorEpoch">The leader epoch of the coordinator's partition; markers of an older one are refused.</param>
/// <param name="Partitions">Where the transaction wrote records or offsets.</param>
/// <param name="TransactionVersion">
/// The protocol of the transaction: from 2 on (KIP-890), <paramref name="ProducerEpoch"/> is above that of its records, so that a late
/// repetition of the marker cannot end the producer's next transaction.
/// </param>
public sealed record TransactionEnd(
    long ProducerId, short ProducerEpoch, bool Commit, int CoordinatorEpoch, IReadOnlyList<TopicPartition> Partitions, int TransactionVersion = 0)
{
    private const int RaisesEpochFrom = 2;

    /// <summary>Whether the markers' epoch is above that of the records.</summary>
    internal bool RaisesEpoch => TransactionVersion >= RaisesEpochFrom;
}
