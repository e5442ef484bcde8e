namespace KBroker.Broker.Coordinators;

/// <summary>A producer that has a coordinator write records as a part of its transaction.</summary>
/// <param name="ProducerId">The producer.</param>
/// <param name="ProducerEpoch">Its epoch.</param>
public readonly record struct TransactionalProducer(long ProducerId, short ProducerEpoch)
{
    /// <summary>Whether its transaction must be open in the log, or verified by <see cref="VerificationGuard"/> (KIP-890).</summary>
    public bool MustBeVerified { get; init; }

    /// <summary>What <see cref="Partitions.Partition.StartVerification"/> gave before its coordinator was asked; 0 for none.</summary>
    public long VerificationGuard { get; init; }
}
