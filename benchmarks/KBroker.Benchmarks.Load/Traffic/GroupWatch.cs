using System.Diagnostics;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>Watches one group from its members' side: when the last one joined, and when all had their assignment of one generation.</summary>
/// <param name="members">How many make the group whole.</param>
internal sealed class GroupWatch(int members)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _whole = NewSource();
    private int _generation;
    private int _assigned;

    /// <summary>When a member last sent a JoinGroup, a timestamp of <see cref="Stopwatch"/>.</summary>
    public long LastJoin { get; private set; }

    /// <summary>When the last member had its assignment.</summary>
    public long WholeAt { get; private set; }

    /// <summary>The newest generation that any member has an assignment of.</summary>
    public int Generation
    {
        get
        {
            lock (_lock) return _generation;
        }
    }

    /// <summary>How long after the last JoinGroup the group was whole.</summary>
    public TimeSpan AfterLastJoin => Stopwatch.GetElapsedTime(LastJoin, WholeAt);

    /// <summary>Waits anew from here on.</summary>
    public void Expect()
    {
        lock (_lock) _whole = NewSource();
    }

    /// <summary>Completes when all members have an assignment of one generation.</summary>
    public Task WholeAsync()
    {
        lock (_lock) return _whole.Task;
    }

    public void Joining()
    {
        lock (_lock) LastJoin = Stopwatch.GetTimestamp();
    }

    public void Assigned(int generation)
    {
        lock (_lock)
        {
            if (generation < _generation) return;
            if (generation > _generation) (_generation, _assigned) = (generation, 0);
            if (++_assigned != members) return;
            WholeAt = Stopwatch.GetTimestamp();
            _whole.TrySetResult();
        }
    }

    public void Failed(Exception failure)
    {
        lock (_lock) _whole.TrySetException(failure);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
