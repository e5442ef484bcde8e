using KBroker.Broker.Partitions;

namespace KBroker.Broker.Fetching;

/// <summary>
/// A Fetch that has less than its minimum of bytes and waits on all its partitions at once, until enough has become visible,
/// something about a partition changed, or <c>max.wait</c> is over. It only counts; the waiting request reads again itself.
/// </summary>
internal sealed class FetchWaiter : IProgressWaiter, IDisposable
{
    private readonly TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IReadOnlyList<Partition> _partitions;
    private readonly int[] _slots;
    private readonly CancellationTokenRegistration _closed;
    private readonly CancellationTokenRegistration _stopping;
    private readonly ITimer _deadline;
    private long _missingBytes;

    /// <param name="partitions">What to wait for.</param>
    /// <param name="missingBytes">How many bytes must become visible, 1 or more.</param>
    /// <param name="wait">How long at most.</param>
    /// <param name="time">Gives the deadline.</param>
    /// <param name="ends">End the wait: the connection closes, or the broker stops.</param>
    public FetchWaiter(
        IReadOnlyList<Partition> partitions, long missingBytes, TimeSpan wait, TimeProvider time,
        (CancellationToken Closed, CancellationToken Stopping) ends)
    {
        _partitions = partitions;
        _missingBytes = missingBytes;
        _deadline = time.CreateTimer(static waiter => ((FetchWaiter)waiter!).Wake(), this, wait, Timeout.InfiniteTimeSpan);
        _closed = ends.Closed.UnsafeRegister(static waiter => ((FetchWaiter)waiter!).Wake(), this);
        _stopping = ends.Stopping.UnsafeRegister(static waiter => ((FetchWaiter)waiter!).Wake(), this);
        _slots = new int[partitions.Count];
        for (int i = 0; i < _slots.Length; i++) _slots[i] = partitions[i].AddWaiter(this);
    }

    /// <summary>Completes when the Fetch should be read again or answered.</summary>
    public Task Woken => _woken.Task;

    /// <summary>Ends the wait now.</summary>
    public void Wake() => _woken.TrySetResult();

    /// <inheritdoc/>
    public void OnProgress(Partition partition, long bytes, bool mustReread)
    {
        if (mustReread || Interlocked.Add(ref _missingBytes, -bytes) <= 0) Wake();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = 0; i < _slots.Length; i++) _partitions[i].RemoveWaiter(this, _slots[i]);
        _deadline.Dispose();
        _closed.Dispose();
        _stopping.Dispose();
    }
}
