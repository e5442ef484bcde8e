namespace KBroker.Controller.Coordination.Tree;

/// <summary>
/// The tree as readers see it, with the watches on it. A read that sets a watch misses no change after what it read, since
/// both happen under the lock that publishing takes. Watchers run outside the lock, in the order of the changes.
/// </summary>
internal sealed class TreeView(TreeState initial)
{
    private readonly Lock _gate = new();
    private readonly WatchTable _watches = new();
    private readonly Queue<(NodeWatcher Watcher, WatchEvent Change)> _undelivered = new();
    private volatile TreeState _state = initial;
    private bool _delivering;

    public TreeState State => _state;

    public TreeState Read(string path, long session, WatchScope scope, NodeWatcher? watcher)
    {
        if (watcher is null) return _state;
        lock (_gate)
        {
            _watches.Add(path, session, scope, watcher);
            return _state;
        }
    }

    public IDisposable Watch(string path, long session, WatchScope scope, NodeWatcher watcher)
    {
        lock (_gate) return new Registration(this, _watches.Add(path, session, scope, watcher));
    }

    public void RemoveSession(long session)
    {
        lock (_gate) _watches.RemoveSession(session);
    }

    /// <summary>Makes a state readable and queues what watchers have to hear; calls are ordered by the caller.</summary>
    public void Publish(TreeState state, IReadOnlyList<WatchEvent> changes)
    {
        lock (_gate)
        {
            _state = state;
            foreach (WatchEvent change in changes) _watches.Collect(change, _undelivered);
        }
    }

    /// <summary>
    /// Calls the queued watchers in order, on this thread unless another one is at it already (it then takes these too).
    /// </summary>
    public void Deliver()
    {
        while (true)
        {
            (NodeWatcher Watcher, WatchEvent Change) next;
            lock (_gate)
            {
                if (_delivering || !_undelivered.TryDequeue(out next)) return;
                _delivering = true;
            }

            try
            {
                next.Watcher(next.Change);
            }
            finally
            {
                lock (_gate) _delivering = false;
            }
        }
    }

    private sealed class Registration(TreeView view, Watch watch) : IDisposable
    {
        public void Dispose()
        {
            lock (view._gate) view._watches.Remove(watch);
        }
    }
}
