using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Segments;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Partitions;

/// <summary>What a read of a partition found.</summary>
/// <param name="Error">Why nothing was read; the offsets are then -1.</param>
/// <param name="Records">The batches, to be disposed by whoever takes them; null when there are none to read.</param>
/// <param name="HighWatermark">The end of what consumers may read, exclusive.</param>
/// <param name="LastStableOffset">The end of what read_committed consumers may read, exclusive.</param>
/// <param name="LogStartOffset">The first offset there is.</param>
public readonly record struct PartitionReadResult(
    ErrorCode Error, LogSlice? Records, long HighWatermark, long LastStableOffset, long LogStartOffset)
{
    /// <summary>Set when the fetcher's last epoch ends before its offset: it must truncate to here first (KIP-595).</summary>
    public EpochEnd? DivergingEpoch { get; init; }

    /// <summary>
    /// For a read_committed reader, the aborted transactions whose records it has to leave out; null when there are none.
    /// </summary>
    public IReadOnlyList<AbortedTransaction>? AbortedTransactions { get; init; }

    /// <summary>The size of the records in bytes.</summary>
    public int Length => Records?.Length ?? 0;

    /// <summary>A read that failed.</summary>
    public static PartitionReadResult Failed(ErrorCode error) => new(error, null, -1, -1, -1);
}

/// <summary>The end of a leader epoch.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="EndOffset">The offset after its last record.</param>
public readonly record struct EpochEnd(LeaderEpoch Epoch, long EndOffset);
