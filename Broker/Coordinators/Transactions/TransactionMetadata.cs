using System.Collections.Frozen;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>What is known of a transactional id, as one record of <c>__transaction_state</c> holds it. Never changed, only replaced.</summary>
public sealed record TransactionMetadata
{
    /// <summary>The producer's name.</summary>
    public required string TransactionalId { get; init; }

    /// <summary>Its present id and epoch. While a transaction ends, the epoch is that of the markers.</summary>
    public required ProducerIdentity Producer { get; init; }

    /// <summary>The id before the last change of state; -1 for none. Differs from the present one right after a change of ids.</summary>
    public long PreviousProducerId { get; init; } = -1;

    /// <summary>The id that the producer has from the end of this transaction on, where its epochs are used up; -1 for none.</summary>
    public long NextProducerId { get; init; } = -1;

    /// <summary>
    /// The epoch whose owner was given the present one; -1 if another producer may own it. Kafka's records have no room for it: after a
    /// move of the coordinator nobody is taken for the owner (KIP-360).
    /// </summary>
    public short LastProducerEpoch { get; init; } = -1;

    /// <summary>How long a transaction may be open, in milliseconds.</summary>
    public required int TimeoutMs { get; init; }

    /// <summary>The state.</summary>
    public required TransactionState State { get; init; }

    /// <summary>Where the transaction writes records or offsets.</summary>
    public IReadOnlySet<TopicPartition> Partitions { get; init; } = FrozenSet<TopicPartition>.Empty;

    /// <summary>When the transaction began, in milliseconds since 1970; -1 without one.</summary>
    public long StartTimestampMs { get; init; } = -1;

    /// <summary>When the state changed last, in milliseconds since 1970.</summary>
    public required long LastUpdateTimestampMs { get; init; }

    /// <summary>The transaction protocol of the last change of state: 2 raises the epoch with each end (KIP-890).</summary>
    public short ClientTransactionVersion { get; init; }

    /// <summary>Whether the transaction is decided, and its partitions are being told.</summary>
    public bool IsEnding => State is TransactionState.PrepareCommit or TransactionState.PrepareAbort;

    /// <summary>Whether there is no transaction, so that the id may be forgotten.</summary>
    public bool IsIdle => State is TransactionState.Empty or TransactionState.CompleteCommit or TransactionState.CompleteAbort;
}
