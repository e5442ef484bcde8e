namespace KBroker.LogEngine.Epochs;

/// <summary>The first offset that was written, or could be, in a leader epoch.</summary>
public readonly record struct EpochEntry(int Epoch, long StartOffset);

/// <summary>
/// The answer to OffsetForLeaderEpoch (KIP-101, KIP-279): the largest epoch that is not above the one asked for and where it ends,
/// exclusive; both -1 when the log cannot say.
/// </summary>
public readonly record struct EpochEndOffset(int Epoch, long EndOffset)
{
    /// <summary>The log cannot say.</summary>
    public static EpochEndOffset Undefined => new(-1, -1);
}
