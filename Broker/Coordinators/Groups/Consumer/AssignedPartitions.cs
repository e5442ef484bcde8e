using KBroker.Broker.Coordinators.Groups.Assignors;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>
/// Partitions that a member has been given, each with the epoch in which it was: a commit of that epoch or a later one is the member's
/// own (KIP-1251). Never changes.
/// </summary>
public sealed class AssignedPartitions : IEquatable<AssignedPartitions>
{
    private readonly Dictionary<(Guid Topic, int Partition), int> _epochs;

    private AssignedPartitions(Dictionary<(Guid Topic, int Partition), int> epochs)
    {
        _epochs = epochs;
        Set = TopicPartitionSet.Of(epochs.Keys);
    }

    /// <summary>No partition.</summary>
    public static AssignedPartitions Empty { get; } = new([]);

    /// <summary>The partitions.</summary>
    public TopicPartitionSet Set { get; }

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => _epochs.Count == 0;

    /// <summary>Partitions that were all given in the same epoch.</summary>
    public static AssignedPartitions Of(TopicPartitionSet partitions, int epoch)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        return Of(partitions.All.Select(one => (one.Topic, one.Partition, epoch)));
    }

    /// <summary>Partitions with their epochs; of one that occurs twice the last counts.</summary>
    public static AssignedPartitions Of(IEnumerable<(Guid Topic, int Partition, int Epoch)> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var epochs = new Dictionary<(Guid, int), int>();
        foreach ((Guid topic, int partition, int epoch) in partitions) epochs[(topic, partition)] = epoch;
        return epochs.Count == 0 ? Empty : new AssignedPartitions(epochs);
    }

    /// <summary>The epoch in which a partition was given; null if it was not.</summary>
    public int? EpochOf(Guid topic, int partition) => _epochs.TryGetValue((topic, partition), out int epoch) ? epoch : null;

    /// <summary>Those that are also in a set, with their epochs.</summary>
    public AssignedPartitions Intersect(TopicPartitionSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return Where(set.Contains);
    }

    /// <summary>Those of which a condition holds, with their epochs.</summary>
    public AssignedPartitions Where(Func<Guid, int, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var kept = new Dictionary<(Guid, int), int>();
        foreach (((Guid topic, int partition), int epoch) in _epochs)
        {
            if (condition(topic, partition)) kept.Add((topic, partition), epoch);
        }

        if (kept.Count == _epochs.Count) return this;
        return kept.Count == 0 ? Empty : new AssignedPartitions(kept);
    }

    /// <summary>These and others.</summary>
    public AssignedPartitions With(AssignedPartitions others)
    {
        ArgumentNullException.ThrowIfNull(others);
        if (IsEmpty) return others;
        if (others.IsEmpty) return this;
        var all = new Dictionary<(Guid, int), int>(_epochs);
        foreach (((Guid, int) key, int epoch) in others._epochs) all[key] = epoch;
        return new AssignedPartitions(all);
    }

    /// <inheritdoc/>
    public bool Equals(AssignedPartitions? other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || _epochs.Count != other._epochs.Count) return false;
        foreach (((Guid, int) key, int epoch) in _epochs)
        {
            if (!other._epochs.TryGetValue(key, out int theirs) || theirs != epoch) return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AssignedPartitions);

    /// <inheritdoc/>
    public override int GetHashCode() => Set.GetHashCode();

    /// <summary>The partitions as text.</summary>
    public override string ToString() => Set.ToString();
}
