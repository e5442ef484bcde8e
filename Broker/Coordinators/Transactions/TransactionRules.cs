using System.Collections.Frozen;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>
/// What requests make of a transactional id: pure functions of what is known of it. The first transaction protocol has a producer keep
/// its epoch until it is initialized again; the second one (KIP-890) raises it with each end of a transaction, so that whatever of the
/// transaction is still on its way comes too late.
/// </summary>
internal static class TransactionRules
{
    /// <summary>InitProducerId: the producer of an id gets an epoch above all others; whoever had one is fenced.</summary>
    /// <param name="current">What is known of the id; null for nothing.</param>
    /// <param name="transactionalId">The id.</param>
    /// <param name="timeoutMs">How long its transactions may be open.</param>
    /// <param name="expected">What the producer has had, if it goes on after an error and may not fence another (KIP-360).</param>
    /// <param name="ids">New producer ids.</param>
    /// <param name="nowMs">The time of day.</param>
    /// <returns>A state that is ending means that the producer has to ask again: an open transaction is aborted first.</returns>
    public static TransactionDecision Initialize(
        TransactionMetadata? current, string transactionalId, int timeoutMs, ProducerIdentity? expected, IProducerIds ids, long nowMs)
    {
        if (current is null)
        {
            if (!ids.TryTake(out long first)) return ErrorCode.CoordinatorLoadInProgress;
            return new TransactionMetadata
            {
                TransactionalId = transactionalId,
                Producer = new ProducerIdentity(first, 0),
                PreviousProducerId = first,
                TimeoutMs = timeoutMs,
                State = TransactionState.Empty,
                LastUpdateTimestampMs = nowMs,
            };
        }

        bool isCurrent = expected is null || expected == current.Producer;
        if (!isCurrent && !MayContinue(current, expected!.Value)) return ErrorCode.ProducerFenced;
        if (current.IsEnding) return ErrorCode.ConcurrentTransactions;
        if (current.State == TransactionState.Ongoing) return isCurrent ? Fence(current, ids, nowMs) : ErrorCode.ProducerFenced;

        TransactionMetadata next = Follow(current, TransactionState.Empty, nowMs) with
        {
            TimeoutMs = timeoutMs,
            Partitions = FrozenSet<TopicPartition>.Empty,
            StartTimestampMs = -1,
            ClientTransactionVersion = 0,
        };
        // The answer to an earlier one was lost: it is given again.
        if (!isCurrent) return next with { PreviousProducerId = current.PreviousProducerId };
        short last = expected is null ? (short)-1 : current.Producer.Epoch;
        if (!current.Producer.IsExhausted) return next with { Producer = Raised(current.Producer), LastProducerEpoch = last };
        if (!ids.TryTake(out long other)) return ErrorCode.CoordinatorLoadInProgress;
        return next with { Producer = new ProducerIdentity(other, 0), LastProducerEpoch = last };
    }

    /// <summary>Aborts an open transaction whose producer is gone or to be fenced: its epoch is used up.</summary>
    public static TransactionDecision Fence(TransactionMetadata current, IProducerIds ids, long nowMs) =>
        Prepare(current, TransactionState.PrepareAbort, TransactionProtocol.Second, ids, nowMs);

    /// <summary>AddPartitionsToTxn: the transaction is about to write to partitions.</summary>
    public static TransactionDecision AddPartitions(
        TransactionMetadata? current, ProducerIdentity producer, IReadOnlyCollection<TopicPartition> partitions, short transactionVersion, long nowMs)
    {
        ErrorCode refused = Check(current, producer);
        if (refused != ErrorCode.None) return refused;
        bool begins = current!.State != TransactionState.Ongoing;
        if (!begins && partitions.All(current.Partitions.Contains)) return TransactionDecision.Done;
        HashSet<TopicPartition> all = begins ? [] : [.. current.Partitions];
        all.UnionWith(partitions);
        return Follow(current, TransactionState.Ongoing, nowMs) with
        {
            Partitions = all,
            StartTimestampMs = begins ? nowMs : current.StartTimestampMs,
            ClientTransactionVersion = transactionVersion,
        };
    }

    /// <summary>Whether a producer may change or ask about its transaction: it is the present one, and none of its transactions is ending.</summary>
    public static ErrorCode Check(TransactionMetadata? current, ProducerIdentity producer)
    {
        if (current is null) return ErrorCode.InvalidProducerIdMapping;
        // Told of the end of its transaction, a producer may already use what it has from then on.
        if (current.IsEnding && producer == Completed(current)) return ErrorCode.ConcurrentTransactions;
        if (current.Producer.Id != producer.Id) return ErrorCode.InvalidProducerIdMapping;
        if (current.Producer.Epoch != producer.Epoch) return ErrorCode.ProducerFenced;
        return current.IsEnding ? ErrorCode.ConcurrentTransactions : ErrorCode.None;
    }

    /// <summary>EndTxn. A decision without a next state repeats the answer to an end that was carried out.</summary>
    public static TransactionDecision End(
        TransactionMetadata? current, ProducerIdentity producer, bool commit, short transactionVersion, IProducerIds ids, long nowMs)
    {
        if (current is null) return ErrorCode.InvalidProducerIdMapping;
        return transactionVersion >= TransactionProtocol.Second
            ? EndRaising(current, producer, commit, transactionVersion, ids, nowMs)
            : EndKeeping(current, producer, commit, transactionVersion, ids, nowMs);
    }

    /// <summary>All partitions know of the end.</summary>
    public static TransactionMetadata Complete(TransactionMetadata current, long nowMs) =>
        Follow(current, current.State == TransactionState.PrepareCommit ? TransactionState.CompleteCommit : TransactionState.CompleteAbort, nowMs) with
        {
            Producer = Completed(current),
            Partitions = FrozenSet<TopicPartition>.Empty,
        };

    /// <summary>What the producer has from the end of the transaction on.</summary>
    public static ProducerIdentity Completed(TransactionMetadata ending) =>
        ending.NextProducerId >= 0 ? new ProducerIdentity(ending.NextProducerId, 0) : ending.Producer;

    // The epoch tells a repetition from the end of the next transaction only if it was raised in between. Kafka's table of answers.
    private static TransactionDecision EndRaising(
        TransactionMetadata current, ProducerIdentity producer, bool commit, short transactionVersion, IProducerIds ids, long nowMs)
    {
        if (current.IsEnding && producer == Completed(current)) return ErrorCode.ConcurrentTransactions;
        bool isRepeated = IsRepeated(current, producer);
        if (!isRepeated && current.Producer.Id != producer.Id) return ErrorCode.InvalidProducerIdMapping;
        if (!isRepeated && current.Producer.Epoch != producer.Epoch) return ErrorCode.ProducerFenced;
        TransactionState prepared = commit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort;
        switch (current.State)
        {
            case TransactionState.Ongoing:
                return Prepare(current, prepared, transactionVersion, ids, nowMs);
            case TransactionState.PrepareCommit or TransactionState.PrepareAbort:
                return current.State == prepared ? ErrorCode.ConcurrentTransactions : ErrorCode.InvalidTxnState;
            default:
                if (isRepeated) return current.State == CompleteOf(prepared) ? TransactionDecision.Done : ErrorCode.InvalidTxnState;
                // The partitions were added without the producer's knowing, or not at all: aborting raises the epoch in any case.
                return commit ? ErrorCode.InvalidTxnState : Prepare(current, prepared, transactionVersion, ids, nowMs);
        }
    }

    private static TransactionDecision EndKeeping(
        TransactionMetadata current, ProducerIdentity producer, bool commit, short transactionVersion, IProducerIds ids, long nowMs)
    {
        if (current.Producer.Id != producer.Id) return ErrorCode.InvalidProducerIdMapping;
        if (current.Producer.Epoch != producer.Epoch) return ErrorCode.ProducerFenced;
        TransactionState prepared = commit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort;
        if (current.State == TransactionState.Ongoing) return Prepare(current, prepared, transactionVersion, ids, nowMs);
        if (current.State == prepared) return ErrorCode.ConcurrentTransactions;
        return current.State == CompleteOf(prepared) ? TransactionDecision.Done : ErrorCode.InvalidTxnState;
    }

    private static TransactionState CompleteOf(TransactionState prepared) =>
        prepared == TransactionState.PrepareCommit ? TransactionState.CompleteCommit : TransactionState.CompleteAbort;

    // The end raised the epoch, or, with no epochs left, changed the id.
    private static bool IsRepeated(TransactionMetadata current, ProducerIdentity producer)
    {
        if (current.ClientTransactionVersion < TransactionProtocol.Second || current.State is TransactionState.Empty or TransactionState.Ongoing) return false;
        if (current.Producer.Id == producer.Id) return current.Producer.Epoch == producer.Epoch + 1;
        return current.PreviousProducerId == producer.Id && producer.Epoch == ProducerIdentity.LastEpoch && current.Producer.Epoch == 0;
    }

    private static TransactionDecision Prepare(TransactionMetadata current, TransactionState state, short transactionVersion, IProducerIds ids, long nowMs)
    {
        TransactionMetadata next = Follow(current, state, nowMs) with
        {
            ClientTransactionVersion = transactionVersion,
            // An end without a beginning has lasted no time.
            StartTimestampMs = current.State == TransactionState.Ongoing ? current.StartTimestampMs : nowMs,
        };
        if (transactionVersion < TransactionProtocol.Second) return next;
        long nextProducerId = -1;
        if (current.Producer.IsExhausted && !ids.TryTake(out nextProducerId)) return ErrorCode.CoordinatorLoadInProgress;
        return next with { Producer = Raised(current.Producer), LastProducerEpoch = current.Producer.Epoch, NextProducerId = nextProducerId };
    }

    // The producer lost the answer to an earlier call: with the epoch before the present one, or the id before it, and nobody came after.
    private static bool MayContinue(TransactionMetadata current, ProducerIdentity expected) =>
        current.LastProducerEpoch >= 0 && expected.Epoch == current.LastProducerEpoch
        && (expected.Id == current.Producer.Id || (expected.Id == current.PreviousProducerId && expected.IsExhausted && current.Producer.Epoch == 0));

    private static TransactionMetadata Follow(TransactionMetadata current, TransactionState state, long nowMs) => current with
    {
        State = state,
        PreviousProducerId = current.Producer.Id,
        NextProducerId = -1,
        LastUpdateTimestampMs = Math.Max(nowMs, current.LastUpdateTimestampMs),
    };

    private static ProducerIdentity Raised(ProducerIdentity producer) =>
        producer with { Epoch = producer.Epoch == short.MaxValue ? short.MaxValue : (short)(producer.Epoch + 1) };
}
