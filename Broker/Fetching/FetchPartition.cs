using KBroker.Protocol.Identity;

namespace KBroker.Broker.Fetching;

/// <summary>
/// What a fetcher wants of one partition and, within a session, what it was last told. A session keeps one of these for each
/// of its partitions between requests (KIP-227).
/// </summary>
public sealed class FetchPartition(FetchPartitionKey key)
{
    /// <summary>Which partition, as the request named it.</summary>
    public FetchPartitionKey Key { get; } = key;

    /// <summary>The first offset wanted.</summary>
    public long FetchOffset { get; set; }

    /// <summary>The most bytes wanted; a first batch that is larger is still given whole.</summary>
    public int MaxBytes { get; set; }

    /// <summary>The leader epoch the fetcher knows, or unknown (KIP-320).</summary>
    public LeaderEpoch CurrentLeaderEpoch { get; set; } = LeaderEpoch.Unknown;

    /// <summary>The epoch of the last record the fetcher has, or unknown (KIP-595).</summary>
    public LeaderEpoch LastFetchedEpoch { get; set; } = LeaderEpoch.Unknown;

    /// <summary>The fetcher's own log start, -1 for a consumer.</summary>
    public long FetcherLogStartOffset { get; set; } = -1;

    /// <summary>The high watermark last sent in this session; -1 makes the next answer include the partition.</summary>
    public long SentHighWatermark { get; set; } = -1;

    /// <summary>The log start offset last sent in this session, -1 for none.</summary>
    public long SentLogStartOffset { get; set; } = -1;

    /// <summary>Takes over what a newer request wants, keeping what was sent.</summary>
    public void Update(FetchPartition request)
    {
        FetchOffset = request.FetchOffset;
        MaxBytes = request.MaxBytes;
        CurrentLeaderEpoch = request.CurrentLeaderEpoch;
        LastFetchedEpoch = request.LastFetchedEpoch;
        FetcherLogStartOffset = request.FetcherLogStartOffset;
    }
}
