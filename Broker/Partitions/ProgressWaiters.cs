using System.Diagnostics;

namespace KBroker.Broker.Partitions;

/// <summary>
/// Who waits for one partition, in numbered slots. Signalling takes no lock, and costs next to nothing where nobody waits; who comes
/// and goes allocates nothing but now and then more slots.
/// </summary>
/// <remarks>
/// Who waits comes first and then looks whether what it waits for has happened; who makes it happen does that first and then signals.
/// With a full fence between the two on either side, one of them sees the other.
/// </remarks>
internal sealed class ProgressWaiters
{
    private const int FirstSlots = 4;

    private readonly Lock _lock = new();
    private IProgressWaiter?[] _slots = [];

    // All slots from here on are free.
    private int _end;

    // No slot below is free.
    private int _lowestFree;

    /// <summary>Registers a waiter; returns its slot. What happened before tells it nothing: it has to look itself afterwards.</summary>
    public int Add(IProgressWaiter waiter)
    {
        int slot;
        lock (_lock)
        {
            IProgressWaiter?[] slots = _slots;
            slot = _lowestFree;
            while (slot < _end && slots[slot] is not null) slot++;
            if (slot == slots.Length)
            {
                Array.Resize(ref slots, Math.Max(FirstSlots, 2 * slots.Length));
                Volatile.Write(ref _slots, slots);
            }

            _lowestFree = slot + 1;
            Volatile.Write(ref slots[slot], waiter);
            // After the slots: who reads the end finds as many.
            if (slot == _end) Volatile.Write(ref _end, slot + 1);
        }

        Interlocked.MemoryBarrier();
        return slot;
    }

    /// <summary>Ends what <see cref="Add"/> began. A signal under way may still reach the waiter.</summary>
    public void Remove(IProgressWaiter waiter, int slot)
    {
        lock (_lock)
        {
            Debug.Assert(ReferenceEquals(_slots[slot], waiter), "a waiter leaves its own slot");
            _slots[slot] = null;
            _lowestFree = Math.Min(_lowestFree, slot);
            int end = _end;
            while (end > 0 && _slots[end - 1] is null) end--;
            Volatile.Write(ref _end, end);
        }
    }

    /// <summary>Tells everyone who waits, without a lock, on this thread.</summary>
    public void Signal(Partition partition, long bytes, bool mustReread)
    {
        Interlocked.MemoryBarrier();
        int end = Volatile.Read(ref _end);
        if (end == 0) return;
        IProgressWaiter?[] slots = Volatile.Read(ref _slots);
        for (int i = 0; i < end; i++) Volatile.Read(ref slots[i])?.OnProgress(partition, bytes, mustReread);
    }
}
