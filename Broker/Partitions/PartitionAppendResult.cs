using KBroker.Protocol;

namespace KBroker.Broker.Partitions;

/// <summary>What became of an append.</summary>
/// <param name="Error">Why nothing was appended.</param>
/// <param name="BaseOffset">The offset of the first record, -1 on error.</param>
/// <param name="NextOffset">The offset after the last record: what the high watermark must reach for acks=all.</param>
/// <param name="LogAppendTime">Milliseconds since the epoch when the broker stamps records, else -1.</param>
/// <param name="LogStartOffset">The first offset there is, -1 on error.</param>
public readonly record struct PartitionAppendResult(
    ErrorCode Error, long BaseOffset, long NextOffset, long LogAppendTime, long LogStartOffset)
{
    /// <summary>What went wrong, for the client, where the code alone does not say.</summary>
    public string? Message { get; init; }

    /// <summary>
    /// Whether it was refused because the producer's coordinator was not asked about the transaction, or the transaction has ended since
    /// (KIP-890).
    /// </summary>
    public bool IsUnverified { get; init; }

    /// <summary>The append of a batch whose transaction is not known to be open.</summary>
    internal static PartitionAppendResult Unverified { get; } = new(ErrorCode.InvalidTxnState, -1, -1, -1, -1)
    {
        Message = "The record is not part of an ongoing transaction.",
        IsUnverified = true,
    };

    /// <summary>An append that was refused.</summary>
    public static PartitionAppendResult Failed(ErrorCode error, string? message = null) =>
        new(error, -1, -1, -1, -1) { Message = message };
}
