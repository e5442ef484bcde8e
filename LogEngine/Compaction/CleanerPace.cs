namespace KBroker.LogEngine.Compaction;

/// <summary>
/// Where a cleaning breathes: between two pieces of work it stops if it is to stop, and waits if the disk is to be left to others.
/// </summary>
internal sealed class CleanerPace(TimeProvider time, IoThrottle throttle, Func<bool> mayGoOn, CancellationToken stopping)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>Before bytes are read or after they were written.</summary>
    /// <exception cref="CleaningAbortedException">The cleaning is to stop.</exception>
    public void Spend(long bytes)
    {
        ThrowIfStopping();
        for (TimeSpan wait = throttle.Spend(bytes); wait > TimeSpan.Zero; wait -= LongestWait)
        {
            Wait(wait < LongestWait ? wait : LongestWait);
            ThrowIfStopping();
        }
    }

    /// <exception cref="CleaningAbortedException">The cleaning is to stop.</exception>
    public void ThrowIfStopping()
    {
        if (stopping.IsCancellationRequested || !mayGoOn()) throw new CleaningAbortedException();
    }

    /// <summary>Waits for the time or until the cleaner stops.</summary>
    public void Wait(TimeSpan duration)
    {
        using var passed = new ManualResetEventSlim();
        using ITimer timer = time.CreateTimer(static state => ((ManualResetEventSlim)state!).Set(), passed, duration, Timeout.InfiniteTimeSpan);
        try
        {
            passed.Wait(stopping);
        }
        catch (OperationCanceledException)
        {
            // Who waits looks for the stop itself.
        }
    }
}
