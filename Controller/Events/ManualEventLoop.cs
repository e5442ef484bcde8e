namespace KBroker.Controller.Events;

/// <summary>A loop stepped by hand, for tests and simulations: nothing runs but in <see cref="StepAsync"/>.</summary>
public sealed class ManualEventLoop : IEventLoop
{
    private readonly Lock _gate = new();
    private readonly Queue<Func<Task>> _work = new();
    private bool _ended;

    /// <summary>How much is queued.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _work.Count;
        }
    }

    /// <inheritdoc/>
    public bool Post(Func<Task> work)
    {
        lock (_gate)
        {
            if (!_ended) _work.Enqueue(work);
            return !_ended;
        }
    }

    /// <summary>Runs the oldest piece of work to its end; false if there is none.</summary>
    public async Task<bool> StepAsync()
    {
        Func<Task>? work;
        lock (_gate)
        {
            if (!_work.TryDequeue(out work)) return false;
        }

        await work();
        return true;
    }

    /// <summary>Steps until nothing is queued.</summary>
    public async Task RunUntilIdleAsync()
    {
        while (await StepAsync())
        {
        }
    }

    /// <summary>Drops what is queued.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _ended = true;
            _work.Clear();
        }

        return ValueTask.CompletedTask;
    }
}
