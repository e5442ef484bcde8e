namespace KBroker.Broker.Coordinators;

/// <summary>
/// Runs pieces of work one at a time, in the order in which they come: on the thread that brings one where nothing else runs, else on
/// the thread that does. So an idle loop costs no change of threads. Work must not block.
/// </summary>
/// <param name="onFault">Hears of work that threw, which is a bug; the loop goes on.</param>
internal sealed class SerialLoop(Action<Exception> onFault)
{
    // A thread that brought one piece of work does not do everybody's for ever.
    private const int AtOnce = 64;

    private readonly Lock _gate = new();
    private readonly Queue<Action> _work = new();
    private bool _running;

    public void Post(Action work)
    {
        lock (_gate)
        {
            _work.Enqueue(work);
            if (_running) return;
            _running = true;
        }

        Run();
    }

    /// <summary>As <see cref="Post"/>, but never on the caller's thread: the work takes long.</summary>
    public void PostLong(Action work)
    {
        lock (_gate)
        {
            _work.Enqueue(work);
            if (_running) return;
            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.Run(), this, preferLocal: false);
    }

    private void Run()
    {
        for (int done = 0; done < AtOnce; done++)
        {
            Action? work;
            lock (_gate)
            {
                if (!_work.TryDequeue(out work))
                {
                    _running = false;
                    return;
                }
            }

            try
            {
                work();
            }
            catch (Exception e)
            {
                onFault(e);
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.Run(), this, preferLocal: false);
    }
}
