namespace KBroker.Broker.Coordinators;

/// <summary>
/// The deadlines of one state machine, in milliseconds of a clock that only goes forward. Not a timer of its own: who steps the
/// machine asks when the next deadline is and runs what is due.
/// </summary>
public sealed class CoordinatorTimers
{
    // Fewer entries are not worth a look.
    private const int FewEntries = 1_000;

    private PriorityQueue<CoordinatorTimer, long> _queue = new();

    // Entries that will come to nothing: of timers that were cancelled, or queued again for an earlier time.
    private int _idle;

    /// <summary>The time as of the event that is being handled.</summary>
    public long NowMs { get; private set; }

    /// <summary>When the machine has to be stepped next, perhaps for nothing; null if no deadline is set.</summary>
    public long? NextMs => _queue.TryPeek(out _, out long due) ? due : null;

    /// <summary>How many entries are kept, those that will come to nothing among them.</summary>
    internal int Entries => _queue.Count;

    /// <summary>Moves the clock on without running anything: an event is about to be handled.</summary>
    public void AdvanceTo(long nowMs) => NowMs = Math.Max(NowMs, nowMs);

    /// <summary>Moves the clock on and runs what is due, in the order of the deadlines.</summary>
    public void RunDue(long nowMs)
    {
        AdvanceTo(nowMs);
        while (_queue.TryPeek(out CoordinatorTimer? timer, out long queued) && queued <= NowMs)
        {
            _queue.Dequeue();
            if (timer.QueuedAtMs != queued)
            {
                _idle--;
                continue;
            }

            timer.QueuedAtMs = null;
            if (timer.DueMs is not { } due)
            {
                _idle--;
                continue;
            }

            // Even where it is due by now: others may be due before it.
            if (due > queued)
            {
                Enqueue(timer, due);
                continue;
            }

            timer.DueMs = null;
            timer.Expired();
        }
    }

    internal void Enqueue(CoordinatorTimer timer, long due)
    {
        bool queuedBefore = timer.QueuedAtMs is not null;
        timer.QueuedAtMs = due;
        _queue.Enqueue(timer, due);
        // The later entry is passed over when its time comes.
        if (queuedBefore) CountIdle();
    }

    /// <summary>A timer that was cancelled is set again before its entry was come to.</summary>
    internal void IsIdleNoMore() => _idle--;

    /// <summary>An entry more will come to nothing. They do not pile up: who comes and goes all the time leaves no trace for long.</summary>
    internal void CountIdle()
    {
        if (++_idle < FewEntries || _idle < _queue.Count / 2) return;
        var kept = new PriorityQueue<CoordinatorTimer, long>();
        foreach ((CoordinatorTimer timer, long queued) in _queue.UnorderedItems)
        {
            if (timer.QueuedAtMs != queued) continue;
            if (timer.DueMs is null) timer.QueuedAtMs = null;
            else kept.Enqueue(timer, queued);
        }

        (_queue, _idle) = (kept, 0);
    }
}

/// <summary>
/// One deadline. Setting it later, as every heartbeat does, costs nothing: it stays queued for the earlier time and is queued again
/// when that comes.
/// </summary>
/// <param name="timers">The machine's deadlines.</param>
/// <param name="expired">What happens then, on the machine's loop.</param>
public sealed class CoordinatorTimer(CoordinatorTimers timers, Action expired)
{
    /// <summary>Whether a deadline is set.</summary>
    public bool IsRunning => DueMs is not null;

    internal Action Expired { get; } = expired;

    internal long? DueMs { get; set; }

    internal long? QueuedAtMs { get; set; }

    /// <summary>Sets the deadline this many milliseconds from now, at least one, instead of one that may be set.</summary>
    public void Start(long delayMs)
    {
        // Never for now: what sets its own deadline again, by a time that a client chose, would run for ever without time going on.
        long due = timers.NowMs + Math.Max(delayMs, 1);
        if (DueMs is null && QueuedAtMs is not null) timers.IsIdleNoMore();
        DueMs = due;
        if (QueuedAtMs is not { } queued || queued > due) timers.Enqueue(this, due);
    }

    /// <summary>Takes the deadline away.</summary>
    public void Cancel()
    {
        if (DueMs is null) return;
        DueMs = null;
        if (QueuedAtMs is not null) timers.CountIdle();
    }
}
