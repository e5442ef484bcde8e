namespace KBroker.Broker.Producing;

/// <summary>What a Produce request says of all of its batches.</summary>
/// <param name="Version">The request's version.</param>
/// <param name="Acks">0, 1 or -1.</param>
/// <param name="IsTransactional">Whether it carries a transactional id.</param>
/// <param name="MustBeVerified">Whether a transaction's first batch in a partition is verified with its coordinator (KIP-890).</param>
internal readonly record struct ProduceTerms(short Version, short Acks, bool IsTransactional, bool MustBeVerified)
{
    public bool AllReplicas => Acks == -1;
}
