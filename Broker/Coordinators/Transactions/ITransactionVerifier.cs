using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>
/// Asks a transaction's coordinator about the partitions that its producer writes to (KIP-890), so that no record gets into a log
/// outside of a transaction that the coordinator will end.
/// </summary>
public interface ITransactionVerifier
{
    /// <summary>Whether the partitions are in the producer's ongoing transaction.</summary>
    /// <param name="transactionalId">The producer's name.</param>
    /// <param name="producerId">Its id.</param>
    /// <param name="producerEpoch">Its epoch.</param>
    /// <param name="partitions">Where it wants to write.</param>
    /// <param name="add">Whether the coordinator adds those that are not in it yet, as the second transaction protocol has it.</param>
    /// <returns>One error for each partition, in their order, in the terms of a Produce response; None where it may write.</returns>
    Task<IReadOnlyList<ErrorCode>> VerifyAsync(
        string transactionalId, long producerId, short producerEpoch, IReadOnlyList<TopicPartition> partitions, bool add);
}
