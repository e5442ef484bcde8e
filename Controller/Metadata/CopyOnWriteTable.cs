using System.Diagnostics.CodeAnalysis;

namespace KBroker.Controller.Metadata;

/// <summary>
/// An immutable hash table whose readers pay what a dictionary costs. A change copies the one shard of
/// <see cref="ShardCount"/> that it touches and shares the rest with the table it came from.
/// </summary>
internal sealed class CopyOnWriteTable<TKey, TValue>
    where TKey : notnull
{
    private const int ShardCount = 64;
    private readonly Dictionary<TKey, TValue>[] _shards;
    private readonly IEqualityComparer<TKey> _comparer;

    public CopyOnWriteTable(IEqualityComparer<TKey> comparer)
    {
        var empty = new Dictionary<TKey, TValue>(comparer);
        _comparer = comparer;
        _shards = new Dictionary<TKey, TValue>[ShardCount];
        Array.Fill(_shards, empty);
    }

    private CopyOnWriteTable(IEqualityComparer<TKey> comparer, Dictionary<TKey, TValue>[] shards, int count)
    {
        _comparer = comparer;
        _shards = shards;
        Count = count;
    }

    public int Count { get; }

    public IEnumerable<TValue> Values => _shards.SelectMany(shard => shard.Values);

    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
        => _shards[Shard(_comparer.GetHashCode(key))].TryGetValue(key, out value);

    /// <summary>Looks up by a stand-in for the key that the comparer knows.</summary>
    public bool TryGetValue<TAlternate>(TAlternate key, [MaybeNullWhen(false)] out TValue value)
        where TAlternate : notnull, allows ref struct
    {
        var comparer = (IAlternateEqualityComparer<TAlternate, TKey>)_comparer;
        return _shards[Shard(comparer.GetHashCode(key))].GetAlternateLookup<TAlternate>().TryGetValue(key, out value);
    }

    /// <summary>The table after removals and then additions or replacements.</summary>
    public CopyOnWriteTable<TKey, TValue> With(IEnumerable<TKey> removed, IEnumerable<KeyValuePair<TKey, TValue>> set)
    {
        var shards = (Dictionary<TKey, TValue>[])_shards.Clone();
        int count = Count;
        foreach (TKey key in removed)
        {
            if (Own(shards, key).Remove(key)) count--;
        }

        foreach ((TKey key, TValue value) in set)
        {
            Dictionary<TKey, TValue> shard = Own(shards, key);
            if (!shard.ContainsKey(key)) count++;
            shard[key] = value;
        }

        return new CopyOnWriteTable<TKey, TValue>(_comparer, shards, count);
    }

    private static int Shard(int hash) => (int)((uint)(hash * -1640531527) >> 26);

    private Dictionary<TKey, TValue> Own(Dictionary<TKey, TValue>[] shards, TKey key)
    {
        int shard = Shard(_comparer.GetHashCode(key));
        if (ReferenceEquals(shards[shard], _shards[shard])) shards[shard] = new(shards[shard], _comparer);
        return shards[shard];
    }
}
