using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace KBroker.Broker.Coordinators.Groups.Assignors;

/// <summary>A set of partitions by topic id. Never changes; equal to another one that holds the same partitions.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "A set, not a dictionary.")]
public sealed class TopicPartitionSet : IEquatable<TopicPartitionSet>
{
    private static readonly FrozenDictionary<Guid, int[]> NoTopics = FrozenDictionary<Guid, int[]>.Empty;

    // Partitions in ascending order; no topic without partitions.
    private readonly IReadOnlyDictionary<Guid, int[]> _topics;

    private TopicPartitionSet(IReadOnlyDictionary<Guid, int[]> topics)
    {
        _topics = topics;
        foreach (int[] partitions in topics.Values) Count += partitions.Length;
    }

    /// <summary>No partition.</summary>
    public static TopicPartitionSet Empty { get; } = new(NoTopics);

    /// <summary>The number of partitions.</summary>
    public int Count { get; }

    /// <summary>Whether it holds none.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>The topics, in no order.</summary>
    public IEnumerable<Guid> Topics => _topics.Keys;

    /// <summary>All partitions, those of a topic together and in ascending order.</summary>
    public IEnumerable<(Guid Topic, int Partition)> All
    {
        get
        {
            foreach ((Guid topic, int[] partitions) in _topics)
            {
                foreach (int partition in partitions) yield return (topic, partition);
            }
        }
    }

    /// <summary>The set of these partitions; one that occurs twice counts once.</summary>
    public static TopicPartitionSet Of(IEnumerable<(Guid Topic, int Partition)> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var topics = new Dictionary<Guid, List<int>>();
        foreach ((Guid topic, int partition) in partitions)
        {
            if (!topics.TryGetValue(topic, out List<int>? found)) topics.Add(topic, found = []);
            found.Add(partition);
        }

        return OfTopics(topics.Select(one => (one.Key, (IEnumerable<int>)one.Value)));
    }

    /// <summary>The set of these partitions by topic; a topic occurs once at most.</summary>
    public static TopicPartitionSet OfTopics(IEnumerable<(Guid Topic, IEnumerable<int> Partitions)> topics)
    {
        ArgumentNullException.ThrowIfNull(topics);
        var kept = new Dictionary<Guid, int[]>();
        foreach ((Guid topic, IEnumerable<int> partitions) in topics)
        {
            int[] sorted = [.. partitions];
            Array.Sort(sorted);
            sorted = HasDuplicates(sorted) ? [.. sorted.Distinct()] : sorted;
            if (sorted.Length > 0) kept.Add(topic, sorted);
        }

        return kept.Count == 0 ? Empty : new TopicPartitionSet(kept);
    }

    /// <summary>The partitions of a topic in ascending order; empty if it holds none.</summary>
    public ReadOnlySpan<int> Of(Guid topic) => _topics.TryGetValue(topic, out int[]? partitions) ? partitions : [];

    /// <summary>Whether it holds a partition.</summary>
    public bool Contains(Guid topic, int partition) => Of(topic).BinarySearch(partition) >= 0;

    /// <summary>What is in this set and not in the other.</summary>
    public TopicPartitionSet Except(TopicPartitionSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (IsEmpty || other.IsEmpty) return this;
        return Where((topic, partition) => !other.Contains(topic, partition));
    }

    /// <summary>What is in both sets.</summary>
    public TopicPartitionSet Intersect(TopicPartitionSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (IsEmpty || other.IsEmpty) return Empty;
        return Where(other.Contains);
    }

    /// <summary>What is in one of the sets at least.</summary>
    public TopicPartitionSet Union(TopicPartitionSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (IsEmpty) return other;
        return other.IsEmpty ? this : Of(All.Concat(other.All));
    }

    /// <summary>The partitions of which a condition holds; this set itself if it holds of all.</summary>
    public TopicPartitionSet Where(Func<Guid, int, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var kept = new Dictionary<Guid, int[]>();
        int count = 0;
        foreach ((Guid topic, int[] partitions) in _topics)
        {
            int[] passing = Array.FindAll(partitions, partition => condition(topic, partition));
            if (passing.Length > 0) kept.Add(topic, passing);
            count += passing.Length;
        }

        if (count == Count) return this;
        return count == 0 ? Empty : new TopicPartitionSet(kept);
    }

    /// <inheritdoc/>
    public bool Equals(TopicPartitionSet? other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || Count != other.Count || _topics.Count != other._topics.Count) return false;
        foreach ((Guid topic, int[] partitions) in _topics)
        {
            if (!other.Of(topic).SequenceEqual(partitions)) return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TopicPartitionSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        int hash = Count;
        foreach ((Guid topic, int[] partitions) in _topics) hash ^= HashCode.Combine(topic, partitions.Length, partitions[0]);
        return hash;
    }

    /// <summary>The partitions as text.</summary>
    public override string ToString() => string.Join(", ", _topics.Select(one => $"{one.Key}: [{string.Join(' ', one.Value)}]"));

    private static bool HasDuplicates(int[] sorted)
    {
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1]) return true;
        }

        return false;
    }
}
