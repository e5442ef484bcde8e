namespace KBroker.LogEngine.Limits;

/// <summary>
/// A bound on the sum of weights of what is open or in memory. Who comes in when it is full pushes out what has not been used for a
/// while (second chance). What is in use stays, so that the sum may exceed the bound by it. Uses take no lock: only coming and
/// going does.
/// </summary>
internal sealed class ClockBudget(long limit)
{
    /// <summary>A bound on one search for a victim; the hand goes on from there at the next.</summary>
    private const int MaxSteps = 256;

    private readonly Lock _lock = new();
    private readonly List<BudgetEntry> _entries = [];
    private int _hand;
    private long _held;

    public long Limit => limit;

    public long Held => Volatile.Read(ref _held);

    public bool IsOver => Held > limit;

    /// <summary>Lists the entry, then lets go of others until the sum fits or nothing is idle.</summary>
    public void Admit(BudgetEntry entry, long weight)
    {
        lock (_lock)
        {
            if (entry.Slot >= 0) RemoveAt(entry.Slot);
            entry.Slot = _entries.Count;
            entry.Weight = weight;
            _entries.Add(entry);
            _held += weight;
        }

        while (IsOver && TryTakeVictim(limit) is { } victim) victim.FinishEviction();
    }

    /// <summary>Takes the entry off the list; nothing if it is not on it.</summary>
    public void Remove(BudgetEntry entry)
    {
        lock (_lock)
        {
            if (entry.Slot >= 0) RemoveAt(entry.Slot);
        }
    }

    /// <summary>Lets go of one idle entry, however much is held; false when a search finds none.</summary>
    public bool TryEvictOne()
    {
        if (TryTakeVictim(-1) is not { } victim) return false;
        victim.FinishEviction();
        return true;
    }

    private BudgetEntry? TryTakeVictim(long most)
    {
        lock (_lock)
        {
            if (_held <= most) return null;
            // Twice around: the first time may only take second chances away.
            int steps = Math.Min(2 * _entries.Count, MaxSteps);
            for (; steps > 0; steps--)
            {
                if (_hand >= _entries.Count) _hand = 0;
                BudgetEntry entry = _entries[_hand];
                if (!entry.TakeUsed() && entry.TryBeginEviction())
                {
                    RemoveAt(_hand);
                    return entry;
                }

                _hand++;
            }

            return null;
        }
    }

    private void RemoveAt(int slot)
    {
        BudgetEntry entry = _entries[slot];
        BudgetEntry last = _entries[^1];
        _entries[slot] = last;
        last.Slot = slot;
        _entries.RemoveAt(_entries.Count - 1);
        entry.Slot = -1;
        _held -= entry.Weight;
    }
}
