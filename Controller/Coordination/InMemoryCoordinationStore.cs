using KBroker.Controller.Coordination.Tree;

namespace KBroker.Controller.Coordination;

/// <summary>A coordination store that lives as long as the object: every call completes at once, on the caller's thread.</summary>
public sealed class InMemoryCoordinationStore : ICoordinationStore, ITreeWriter
{
    private readonly TreeView _view = new(TreeState.Empty);
    private readonly Lock _gate = new();
    private readonly Dictionary<long, TreeSession> _sessions = [];
    private long _lastSession;

    TreeView ITreeWriter.View => _view;

    /// <inheritdoc/>
    public ValueTask<ICoordinationSession> OpenSessionAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            var session = new TreeSession(this, ++_lastSession);
            _sessions[session.SessionId] = session;
            return new(session);
        }
    }

    /// <summary>Ends a session from the store's side, as when ZooKeeper has not heard of a client for too long.</summary>
    public ValueTask ExpireSessionAsync(long sessionId)
    {
        TreeSession? session;
        lock (_gate) _sessions.Remove(sessionId, out session);
        return session?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    ValueTask<MultiResult> ITreeWriter.SubmitAsync(TreeTransaction transaction)
    {
        TreeStep step;
        lock (_gate)
        {
            step = TreeApplier.Apply(_view.State, transaction);
            if (step.Result.IsOk) _view.Publish(step.State, step.Changes);
        }

        _view.Deliver();
        return new(step.Result);
    }
}
