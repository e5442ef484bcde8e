namespace KBroker.LogEngine.Producers;

/// <summary>
/// The first write of a producer's transaction on its way to the log: its coordinator is asked whether the transaction is open. Changed
/// under the log's gate alone.
/// </summary>
internal sealed class PendingVerification(long guard, short epoch, int lowestSequence)
{
    /// <summary>Names this attempt among all of the log; never 0.</summary>
    public long Guard => guard;

    /// <summary>The largest epoch that asked.</summary>
    public short Epoch { get; private set; } = epoch;

    /// <summary>
    /// The lowest sequence that asked in that epoch: no later batch may overtake it while its verification is tried again.
    /// </summary>
    public int LowestSequence { get; private set; } = lowestSequence;

    /// <summary>Whether the producer's epoch rises with each transaction (KIP-890), so that its sequences begin at 0 in each.</summary>
    public bool BumpsEpoch { get; set; }

    /// <summary>When it was last asked for, on the monotonic clock.</summary>
    public long LastAsked { get; set; }

    public void Ask(short epoch, int sequence)
    {
        if (epoch == Epoch) LowestSequence = Math.Min(LowestSequence, sequence);
        if (epoch <= Epoch) return;
        Epoch = epoch;
        LowestSequence = sequence;
    }
}
