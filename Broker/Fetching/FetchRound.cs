using KBroker.Broker.Partitions;

namespace KBroker.Broker.Fetching;

/// <summary>One pass over the partitions of a Fetch: what each gave, and whether that settles the request.</summary>
public sealed class FetchRound
{
    private readonly PartitionReadResult[] _results;
    private readonly List<Partition> _waitable;
    private readonly List<long> _seenEnds;

    internal FetchRound(PartitionReadResult[] results, List<Partition> waitable, List<long> seenEnds, long bytes, bool mustAnswer)
    {
        _results = results;
        _waitable = waitable;
        _seenEnds = seenEnds;
        Bytes = bytes;
        MustAnswer = mustAnswer;
    }

    /// <summary>The results, parallel to the partitions that were read.</summary>
    public ReadOnlySpan<PartitionReadResult> Results => _results;

    /// <summary>The size of all records found.</summary>
    public long Bytes { get; }

    /// <summary>Whether something must be told at once: an error or a diverging epoch.</summary>
    public bool MustAnswer { get; }

    /// <summary>The partitions that may still give more.</summary>
    public IReadOnlyList<Partition> Waitable => _waitable;

    /// <summary>Whether the request need not wait.</summary>
    public bool IsEnough(in FetchLimits limits) =>
        MustAnswer || Bytes >= limits.MinBytes || limits.MaxWait <= TimeSpan.Zero || _results.Length == 0;

    /// <summary>Whether a partition has moved since it was read.</summary>
    public bool IsOutdated()
    {
        for (int i = 0; i < _waitable.Count; i++)
        {
            if (_waitable[i].HighWatermark != _seenEnds[i]) return true;
        }

        return false;
    }

    /// <summary>Gives back the records: the round is read again.</summary>
    public void Release()
    {
        foreach (PartitionReadResult result in _results) result.Records?.Dispose();
    }
}
