namespace KBroker.Broker.Partitions;

/// <summary>
/// Who waits for one partition. Registering and leaving are rare beside appends, so an append reads one volatile array and
/// takes no lock.
/// </summary>
internal sealed class ProgressWaiters
{
    private readonly Lock _lock = new();
    private volatile IProgressWaiter[] _waiters = [];

    public bool IsEmpty => _waiters.Length == 0;

    public void Add(IProgressWaiter waiter)
    {
        lock (_lock) _waiters = [.. _waiters, waiter];
    }

    public void Remove(IProgressWaiter waiter)
    {
        lock (_lock)
        {
            int index = Array.IndexOf(_waiters, waiter);
            if (index < 0) return;
            IProgressWaiter[] rest = new IProgressWaiter[_waiters.Length - 1];
            Array.Copy(_waiters, rest, index);
            Array.Copy(_waiters, index + 1, rest, index, rest.Length - index);
            _waiters = rest;
        }
    }

    public void Signal(Partition partition, long bytes, bool mustReread)
    {
        foreach (IProgressWaiter waiter in _waiters) waiter.OnProgress(partition, bytes, mustReread);
    }
}
