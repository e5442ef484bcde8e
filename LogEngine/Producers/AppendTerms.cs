namespace KBroker.LogEngine.Producers;

/// <summary>What is known of an append beyond its bytes.</summary>
/// <param name="Origin">Who appends.</param>
public readonly record struct AppendTerms(AppendOrigin Origin)
{
    /// <summary>
    /// Whether a transactional batch is taken only where its transaction is open in the log, or with a
    /// <see cref="VerificationGuard"/> that is still in force (KIP-890).
    /// </summary>
    public bool MustBeVerified { get; init; }

    /// <summary>What <see cref="PartitionLog.TryStartVerification"/> gave before the coordinator was asked; 0 for none.</summary>
    public long VerificationGuard { get; init; }

    /// <summary>
    /// Whether a marker's epoch is above that of the transaction it ends, as in the second transaction protocol (KIP-890). A marker
    /// of the producer's present epoch then repeats one that ended an earlier transaction, and is refused where it would end another.
    /// </summary>
    public bool MarkerRaisesEpoch { get; init; }
}
