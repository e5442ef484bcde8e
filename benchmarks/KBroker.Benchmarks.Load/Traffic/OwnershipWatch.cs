using System.Diagnostics;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>Watches a group whose topic has a partition for each member: when everybody has one, and nobody the same.</summary>
/// <param name="members">How many make the group whole.</param>
internal sealed class OwnershipWatch(int members)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, int[]> _owned = [];
    private readonly TaskCompletionSource _whole = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When a member last joined, a timestamp of <see cref="Stopwatch"/>.</summary>
    public long LastJoin { get; private set; }

    /// <summary>When the last member had its partition.</summary>
    public long WholeAt { get; private set; }

    /// <summary>Completes when the group is whole.</summary>
    public Task WholeAsync() => _whole.Task;

    public void Joining()
    {
        lock (_lock) LastJoin = Stopwatch.GetTimestamp();
    }

    /// <summary>What a member has from here on.</summary>
    public void Owns(int member, int[] partitions)
    {
        lock (_lock)
        {
            _owned[member] = partitions;
            if (_owned.Count != members || _owned.Values.Any(one => one.Length != 1) || _owned.Values.Select(one => one[0]).Distinct().Count() != members) return;
            WholeAt = Stopwatch.GetTimestamp();
            _whole.TrySetResult();
        }
    }

    public void Failed(Exception failure)
    {
        lock (_lock) _whole.TrySetException(failure);
    }
}
