namespace KBroker.Broker.Coordinators;

/// <summary>
/// The deadlines of one state machine, in milliseconds of a clock that only goes forward. Not a timer of its own: who steps the
/// machine asks when the next deadline is and runs what is due.
/// </summary>
public sealed class CoordinatorTimers
{
    private readonly PriorityQueue<CoordinatorTimer, long> _queue = new();

    /// <summary>The time as of the event that is being handled.</summary>
    public long NowMs { get; private set; }

    /// <summary>When the machine has to be stepped next, perhaps for nothing; null if no deadline is set.</summary>
    public long? NextMs => _queue.TryPeek(out _, out long due) ? due : null;

    /// <summary>Moves the clock on without running anything: an event is about to be handled.</summary>
    public void AdvanceTo(long nowMs) => NowMs = Math.Max(NowMs, nowMs);

    /// <summary>Moves the clock on and runs what is due, in the order of the deadlines.</summary>
    public void RunDue(long nowMs)
    {
        AdvanceTo(nowMs);
        while (_queue.TryPeek(out CoordinatorTimer? timer, out long queued) && queued <= NowMs)
        {
            _queue.Dequeue();
            if (timer.QueuedAtMs != queued) continue;
            timer.QueuedAtMs = null;
            if (timer.DueMs is not { } due) continue;
            if (due > NowMs)
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
        timer.QueuedAtMs = due;
        _queue.Enqueue(timer, due);
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

    /// <summary>Sets the deadline this many milliseconds from now, instead of one that may be set.</summary>
    public void Start(long delayMs)
    {
        long due = timers.NowMs + Math.Max(delayMs, 0);
        DueMs = due;
        if (QueuedAtMs is not { } queued || queued > due) timers.Enqueue(this, due);
    }

    /// <summary>Takes the deadline away.</summary>
    public void Cancel() => DueMs = null;
}
