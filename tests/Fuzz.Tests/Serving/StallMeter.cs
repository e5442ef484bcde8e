using System.Diagnostics;

namespace KBroker.Fuzz.Tests.Serving;

/// <summary>
/// A thread that only wants to run every few milliseconds, and adds up how much later than that it did: what this machine,
/// busy with others, makes everybody wait.
/// </summary>
internal sealed class StallMeter : IDisposable
{
    private const int PauseMs = 5;

    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private long _stalledTicks;

    public StallMeter()
    {
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>The sum of all delays so far.</summary>
    public TimeSpan Stalled => TimeSpan.FromTicks(Volatile.Read(ref _stalledTicks));

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        long last = Stopwatch.GetTimestamp();
        while (!_stop.Wait(PauseMs))
        {
            TimeSpan late = Stopwatch.GetElapsedTime(last) - TimeSpan.FromMilliseconds(PauseMs * 2);
            last = Stopwatch.GetTimestamp();
            if (late > TimeSpan.Zero) Interlocked.Add(ref _stalledTicks, late.Ticks);
        }
    }
}
