using KBroker.Protocol.Identity;

namespace KBroker.Broker.Partitions;

/// <summary>What is wanted of one partition.</summary>
/// <param name="Offset">The first offset wanted.</param>
/// <param name="MaxBytes">The most bytes.</param>
/// <param name="MinOneBatch">Whether a first batch larger than <paramref name="MaxBytes"/> is given whole, so that the reader
/// gets on (KIP-74).</param>
/// <param name="Isolation">How far the reader may see.</param>
/// <param name="CurrentLeaderEpoch">The epoch the reader knows, or unknown (KIP-320).</param>
/// <param name="LastFetchedEpoch">The epoch of the reader's last record, or unknown (KIP-595).</param>
public readonly record struct PartitionReadRequest(
    long Offset,
    int MaxBytes,
    bool MinOneBatch,
    ReadIsolation Isolation,
    LeaderEpoch CurrentLeaderEpoch,
    LeaderEpoch LastFetchedEpoch);

/// <summary>How far a reader may see (KIP-98).</summary>
public enum ReadIsolation : sbyte
{
    /// <summary>Up to the high watermark.</summary>
    ReadUncommitted = 0,

    /// <summary>Up to the last stable offset.</summary>
    ReadCommitted = 1,
}
