namespace KBroker.LogEngine.Limits;

/// <summary>Something open or in memory that counts towards a <see cref="ClockBudget"/> and can be let go and taken again.</summary>
internal abstract class BudgetEntry
{
    private bool _used;

    /// <summary>Where the budget lists it; -1 while it does not. The budget's own, under its lock.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>What it counts for while it is listed.</summary>
    internal long Weight { get; set; }

    /// <summary>Begins to let go, if nobody uses it. Runs under the budget's lock: it neither waits nor touches the disk.</summary>
    internal abstract bool TryBeginEviction();

    /// <summary>Lets go; outside the budget's lock, on the thread that began it.</summary>
    internal abstract void FinishEviction();

    /// <summary>Whether it was used since this was last asked.</summary>
    internal bool TakeUsed()
    {
        bool used = Volatile.Read(ref _used);
        Volatile.Write(ref _used, false);
        return used;
    }

    /// <summary>Notes a use: a second chance against eviction. Written only where it changes, so that readers share the cache line.</summary>
    protected void MarkUsed()
    {
        if (!_used) _used = true;
    }
}
