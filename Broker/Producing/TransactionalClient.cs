namespace KBroker.Broker.Producing;

/// <summary>What the version of a transactional request says of its client (KIP-890).</summary>
/// <param name="KnowsAbortable">Whether it knows TRANSACTION_ABORTABLE; others are told INVALID_TXN_STATE.</param>
/// <param name="BumpsEpoch">
/// Whether it speaks the second transaction protocol: what it writes to becomes a part of its transaction, and its epoch rises with
/// each one.
/// </param>
public readonly record struct TransactionalClient(bool KnowsAbortable, bool BumpsEpoch)
{
    private const short ProduceKnowsAbortableFrom = 11;
    private const short ProduceBumpsEpochFrom = 12;
    private const short CommitKnowsAbortableFrom = 4;
    private const short CommitBumpsEpochFrom = 5;

    /// <summary>The client of a Produce.</summary>
    public static TransactionalClient OfProduce(short version) => new(version >= ProduceKnowsAbortableFrom, version >= ProduceBumpsEpochFrom);

    /// <summary>The client of a TxnOffsetCommit.</summary>
    public static TransactionalClient OfTxnOffsetCommit(short version) => new(version >= CommitKnowsAbortableFrom, version >= CommitBumpsEpochFrom);
}
