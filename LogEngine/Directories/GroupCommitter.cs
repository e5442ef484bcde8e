using KBroker.LogEngine.Segments;

namespace KBroker.LogEngine.Directories;

/// <summary>
/// Flushes the logs of one directory that ask for it, on a few threads of its own. A log waits in the queue once, whoever asks how
/// often: what is appended while its flush is under way is covered by the next one, so that one call to the disk stands for many
/// appends. Logs take turns in the order they asked; different logs are flushed side by side, which the disk merges.
/// </summary>
/// <remarks>
/// A thread starts when there is work and no other is idle, and stays. With no threads at all, <see cref="RunPending"/> does the
/// work on its caller's. A flush that fails has ended the log before it returns here: nothing is tried twice. Only a failure that
/// can pass (no handle to open a file with) leaves the log as it was; the upkeep of the directory asks again.
/// </remarks>
internal sealed class GroupCommitter(int threads) : IDisposable
{
    /// <summary>More gain little: the disk merges what is flushed at the same time, and each has a stack and a place in the run queue.</summary>
    public const int DefaultThreads = 8;

    private readonly object _monitor = new();
    private readonly Queue<LogFlusher> _due = new();
    private readonly List<Thread> _threads = [];
    private int _idle;
    private bool _stopped;

    /// <summary>
    /// Asks for a flush of what the log holds now. Costs one atomic operation when the log is in the queue or being flushed already.
    /// </summary>
    public void Request(LogFlusher flusher)
    {
        if (!flusher.TryAskForTurn()) return;
        lock (_monitor)
        {
            _due.Enqueue(flusher);
            if (_idle > 0)
            {
                // Counted off here, not when it wakes: the next log wakes another one.
                _idle--;
                Monitor.Pulse(_monitor);
            }
            else if (_threads.Count < threads && !_stopped) StartThread();
        }
    }

    /// <summary>Flushes what has asked, on this thread, until nothing is left.</summary>
    public void RunPending()
    {
        while (Next(wait: false) is { } flusher) Run(flusher);
    }

    /// <summary>Waits for flushes under way; what is still in the queue stays unflushed.</summary>
    public void Dispose()
    {
        Thread[] running;
        lock (_monitor)
        {
            _stopped = true;
            Monitor.PulseAll(_monitor);
            running = [.. _threads];
        }

        foreach (Thread thread in running) thread.Join();
    }

    private void StartThread()
    {
        var thread = new Thread(Work) { IsBackground = true, Name = "log flush" };
        _threads.Add(thread);
        thread.Start();
    }

    private void Work()
    {
        while (Next(wait: true) is { } flusher)
        {
            flusher.Gather();
            Run(flusher);
        }
    }

    private LogFlusher? Next(bool wait)
    {
        lock (_monitor)
        {
            while (!_stopped)
            {
                if (_due.TryDequeue(out LogFlusher? flusher)) return flusher;
                if (!wait) return null;
                _idle++;
                Monitor.Wait(_monitor);
            }

            return null;
        }
    }

    private void Run(LogFlusher flusher)
    {
        if (!flusher.RunTurn()) return;
        lock (_monitor) _due.Enqueue(flusher);
    }
}
