using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Metadata;

namespace KBroker.Broker.Configuration;

/// <summary>What applies to transactions and their topic.</summary>
/// <param name="Transactions">The bounds of transactions.</param>
/// <param name="StateTopic">How <c>__transaction_state</c> is made.</param>
public sealed record TransactionSettings(TransactionConfig Transactions, InternalTopicSpec StateTopic)
{
    /// <summary>
    /// <c>transaction.partition.verification.enable</c>: whether a transaction's first write to a partition is verified with its
    /// coordinator for clients of the first transaction protocol too.
    /// </summary>
    public bool VerifiesPartitions { get; init; } = true;

    /// <summary><c>add.partitions.to.txn.retry.backoff.ms</c>: between two tries while the producer's last transaction is being completed.</summary>
    public TimeSpan VerificationRetryBackoff { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary><c>add.partitions.to.txn.retry.backoff.max.ms</c>: how long that is tried before the client is told.</summary>
    public TimeSpan VerificationRetryMax { get; init; } = TimeSpan.FromMilliseconds(100);
}
