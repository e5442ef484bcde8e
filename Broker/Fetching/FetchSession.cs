namespace KBroker.Broker.Fetching;

/// <summary>
/// The partitions of one fetcher, remembered between its requests (KIP-227). Partitions that returned data move to the end,
/// so that none starves behind the byte limit. All members are called under the lock of the <see cref="FetchSessionCache"/>.
/// </summary>
internal sealed class FetchSession(int id, bool isFollower, bool usesTopicIds, long createdAt)
{
    private readonly LinkedList<FetchPartition> _order = new();
    private readonly Dictionary<FetchPartitionKey, LinkedListNode<FetchPartition>> _byKey = [];
    private FetchPartition[]? _snapshot;

    /// <summary>Positive and unique among the live sessions.</summary>
    public int Id { get; } = id;

    /// <summary>Followers' sessions are not evicted for consumers' ones.</summary>
    public bool IsFollower { get; } = isFollower;

    /// <summary>Whether partitions are named by topic id (Fetch version 13 and above).</summary>
    public bool UsesTopicIds { get; } = usesTopicIds;

    /// <summary>When the session was made, in <see cref="TimeProvider"/> timestamp ticks.</summary>
    public long CreatedAt { get; } = createdAt;

    /// <summary>When the session last served a request, in <see cref="TimeProvider"/> timestamp ticks.</summary>
    public long LastUsedAt { get; set; } = createdAt;

    /// <summary>The epoch that the next request must carry; the first one after creation carries 1.</summary>
    public int Epoch { get; private set; } = 1;

    public int Count => _byKey.Count;

    /// <summary>The partitions in the order in which they are to be read. The array is never changed once handed out.</summary>
    public FetchPartition[] Snapshot => _snapshot ??= [.. _order];

    /// <summary>Raises the epoch; after the largest positive value comes 1, since 0 means a full request.</summary>
    public void AdvanceEpoch() => Epoch = NextEpoch(Epoch);

    public static int NextEpoch(int epoch) => epoch == int.MaxValue ? 1 : epoch + 1;

    public void AddOrUpdate(FetchPartition request)
    {
        if (_byKey.TryGetValue(request.Key, out LinkedListNode<FetchPartition>? node))
        {
            node.Value.Update(request);
            return;
        }

        _byKey.Add(request.Key, _order.AddLast(request));
        _snapshot = null;
    }

    public void Forget(FetchPartitionKey key)
    {
        if (!_byKey.Remove(key, out LinkedListNode<FetchPartition>? node)) return;
        _order.Remove(node);
        _snapshot = null;
    }

    public void MoveToEnd(FetchPartition partition)
    {
        if (!_byKey.TryGetValue(partition.Key, out LinkedListNode<FetchPartition>? node) || node == _order.Last) return;
        _order.Remove(node);
        _order.AddLast(node);
        _snapshot = null;
    }
}
