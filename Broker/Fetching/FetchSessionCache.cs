using KBroker.Protocol;

namespace KBroker.Broker.Fetching;

/// <summary>
/// All incremental fetch sessions of this broker (KIP-227), at most <c>max.incremental.fetch.session.cache.slots</c>. When it
/// is full, a session unused for <see cref="EvictionAge"/> goes first; failing that a larger or a follower's session takes
/// the place of a smaller, older-than-<see cref="EvictionAge"/> consumer's one. A fetcher that gets no session is served
/// without. All sessions together remember at most <see cref="MaxPartitions"/> partitions, so that made-up ones cannot fill the
/// memory.
/// </summary>
public sealed class FetchSessionCache(int maxSessions, TimeProvider time, Random random)
{
    /// <summary>How long a session is safe from eviction by its equals.</summary>
    public static readonly TimeSpan EvictionAge = TimeSpan.FromMinutes(2);

    /// <summary>The most partitions that all sessions remember together.</summary>
    public const int MaxPartitions = 500_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];
    private int _remembered;

    /// <summary>The number of live sessions.</summary>
    public int Count
    {
        get { lock (_lock) return _sessions.Count; }
    }

    /// <summary>Opens the context of one request: finds, makes room for or ends its session.</summary>
    /// <param name="metadata">The session part of the request.</param>
    /// <param name="requested">The partitions the request lists, each key once.</param>
    /// <param name="forgotten">The partitions it removes from the session.</param>
    /// <param name="usesTopicIds">Whether the request names partitions by id.</param>
    /// <param name="isFollower">Whether a replica asks.</param>
    public FetchContext Open(
        FetchRequestMetadata metadata,
        FetchPartition[] requested,
        ReadOnlySpan<FetchPartitionKey> forgotten,
        bool usesTopicIds,
        bool isFollower)
    {
        lock (_lock)
        {
            if (metadata.IsFull)
            {
                if (metadata.SessionId != 0) Drop(metadata.SessionId);
                return metadata.Epoch == FetchRequestMetadata.FinalEpoch
                    ? FetchContext.Sessionless(this, requested)
                    : FetchContext.Full(this, requested, isFollower, usesTopicIds);
            }

            if (!_sessions.TryGetValue(metadata.SessionId, out FetchSession? session))
                return FetchContext.Failed(this, ErrorCode.FetchSessionIdNotFound);
            if (session.Epoch != metadata.Epoch) return FetchContext.Failed(this, ErrorCode.InvalidFetchSessionEpoch);
            if (session.UsesTopicIds != usesTopicIds) return FetchContext.Failed(this, ErrorCode.FetchSessionTopicIdError);

            if (requested.Length > 0 && _remembered + requested.Length > MaxPartitions)
            {
                // The fetcher falls back to full requests, which are served without a session.
                Drop(session.Id);
                return FetchContext.Failed(this, ErrorCode.FetchSessionIdNotFound);
            }

            _remembered -= session.Count;
            foreach (FetchPartition partition in requested) session.AddOrUpdate(partition);
            foreach (FetchPartitionKey key in forgotten) session.Forget(key);
            _remembered += session.Count;
            if (session.Count == 0)
            {
                Drop(session.Id);
                return FetchContext.Sessionless(this, []);
            }

            session.LastUsedAt = time.GetTimestamp();
            session.AdvanceEpoch();
            return FetchContext.Incremental(this, session);
        }
    }

    /// <summary>Makes a session of what was just read; 0 if there is no room.</summary>
    internal int Create(
        IReadOnlyList<FetchPartition> partitions, ReadOnlySpan<FetchPartitionOutcome> results, bool isFollower, bool usesTopicIds)
    {
        if (partitions.Count == 0) return 0;
        lock (_lock)
        {
            if (_remembered + partitions.Count > MaxPartitions) return 0;
            if (_sessions.Count >= maxSessions && !TryEvict(isFollower, partitions.Count)) return 0;
            int id;
            do id = random.Next(1, int.MaxValue);
            while (_sessions.ContainsKey(id));

            var session = new FetchSession(id, isFollower, usesTopicIds, time.GetTimestamp());
            for (int i = 0; i < partitions.Count; i++)
            {
                FetchPartition partition = partitions[i];
                Remember(partition, results[i]);
                session.AddOrUpdate(partition);
            }

            _sessions.Add(id, session);
            _remembered += session.Count;
            return id;
        }
    }

    /// <summary>Marks what has no news and remembers the rest; false if another request moved the session on.</summary>
    internal bool Update(
        FetchSession session, int expectedEpoch, IReadOnlyList<FetchPartition> partitions, Span<FetchPartitionOutcome> results)
    {
        lock (_lock)
        {
            if (session.Epoch != expectedEpoch) return false;
            for (int i = 0; i < partitions.Count; i++)
            {
                ref FetchPartitionOutcome result = ref results[i];
                FetchPartition partition = partitions[i];
                result.Omitted = !HasNews(partition, result);
                if (result.Omitted) continue;
                Remember(partition, result);
                if (result.RecordBytes > 0) session.MoveToEnd(partition);
            }

            return true;
        }
    }

    private bool Drop(int id)
    {
        if (!_sessions.Remove(id, out FetchSession? session)) return false;
        _remembered -= session.Count;
        return true;
    }

    private static bool HasNews(FetchPartition partition, in FetchPartitionOutcome result) =>
        result.MustSend || result.RecordBytes > 0 || result.Error != ErrorCode.None
        || result.HighWatermark != partition.SentHighWatermark || result.LogStartOffset != partition.SentLogStartOffset;

    // After an error the high watermark counts as never sent, so that the partition is answered again once the error is gone.
    private static void Remember(FetchPartition partition, in FetchPartitionOutcome result)
    {
        partition.SentHighWatermark = result.Error == ErrorCode.None ? result.HighWatermark : -1;
        partition.SentLogStartOffset = result.LogStartOffset;
    }

    private bool TryEvict(bool isFollower, int size)
    {
        FetchSession? stalest = null;
        FetchSession? smallest = null;
        foreach (FetchSession session in _sessions.Values)
        {
            if (stalest is null || session.LastUsedAt < stalest.LastUsedAt) stalest = session;
            if (IsEvictableBy(session, isFollower) && (smallest is null || Compare(session, smallest) < 0)) smallest = session;
        }

        if (stalest is null) return false;
        if (time.GetElapsedTime(stalest.LastUsedAt) > EvictionAge) return Drop(stalest.Id);
        if (smallest is null || Rank(isFollower, size).CompareTo(Rank(smallest.IsFollower, smallest.Count)) <= 0) return false;
        return Drop(smallest.Id);
    }

    private bool IsEvictableBy(FetchSession session, bool isFollower) =>
        time.GetElapsedTime(session.CreatedAt) > EvictionAge || (isFollower && !session.IsFollower);

    private static (bool IsFollower, int Size) Rank(bool isFollower, int size) => (isFollower, size);

    private static int Compare(FetchSession a, FetchSession b) =>
        Rank(a.IsFollower, a.Count).CompareTo(Rank(b.IsFollower, b.Count));
}
