namespace KBroker.Controller.Coordination.Tree;

/// <summary>A session with a tree in this process.</summary>
internal sealed class TreeSession(ITreeWriter writer, long sessionId) : ICoordinationSession
{
    private readonly CancellationTokenSource _ended = new();
    private int _closed;

    public long SessionId => sessionId;

    public CancellationToken Ended => _ended.Token;

    public ValueTask<CoordinationResult<NodeData>> GetAsync(
        string path, NodeWatcher? watcher = null, CancellationToken cancellationToken = default)
        => Read(path, WatchScope.DataOnce, watcher, node => new NodeData(node.Data, node.Stat));

    public ValueTask<CoordinationResult<NodeStat>> ExistsAsync(
        string path, NodeWatcher? watcher = null, CancellationToken cancellationToken = default)
        => Read(path, WatchScope.DataOnce, watcher, node => node.Stat);

    public ValueTask<CoordinationResult<NodeChildren>> GetChildrenAsync(
        string path, NodeWatcher? watcher = null, CancellationToken cancellationToken = default)
        => Read(path, WatchScope.ChildrenOnce, watcher, node => new NodeChildren(node.Children, node.Stat));

    public ValueTask<MultiResult> MultiAsync(
        IReadOnlyList<CoordinationOperation> operations, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operations);
        foreach (CoordinationOperation operation in operations) CoordinationPath.Require(operation.Path);
        if (Volatile.Read(ref _closed) != 0) return new(MultiResult.Refused(CoordinationStatus.SessionExpired));
        return writer.SubmitAsync(new TreeTransaction(TreeTransactionKind.Multi, sessionId, Detached(operations)));
    }

    public ValueTask<IDisposable> WatchAsync(
        string path, bool recursive, NodeWatcher watcher, CancellationToken cancellationToken = default)
    {
        CoordinationPath.Require(path);
        ArgumentNullException.ThrowIfNull(watcher);
        WatchScope scope = recursive ? WatchScope.PersistentRecursive : WatchScope.Persistent;
        return new(writer.View.Watch(path, sessionId, scope, watcher));
    }

    /// <summary>Ends the session: its watches fall silent, then its ephemeral nodes go.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        writer.View.RemoveSession(sessionId);
        try
        {
            await writer.SubmitAsync(new TreeTransaction(TreeTransactionKind.CloseSession, sessionId, []));
        }
        finally
        {
            await _ended.CancelAsync();
        }
    }

    // The tree keeps the bytes: a caller that reuses its buffer must not change what is stored.
    private static CoordinationOperation[] Detached(IReadOnlyList<CoordinationOperation> operations)
    {
        var copy = new CoordinationOperation[operations.Count];
        for (int i = 0; i < copy.Length; i++)
        {
            copy[i] = operations[i] switch
            {
                CoordinationOperation.Create create => create with { Data = create.Data.ToArray() },
                CoordinationOperation.SetData set => set with { Data = set.Data.ToArray() },
                CoordinationOperation other => other,
            };
        }

        return copy;
    }

    private ValueTask<CoordinationResult<T>> Read<T>(
        string path, WatchScope scope, NodeWatcher? watcher, Func<TreeNode, T> select)
    {
        CoordinationPath.Require(path);
        if (Volatile.Read(ref _closed) != 0) return new(new CoordinationResult<T>(CoordinationStatus.SessionExpired, default!));
        TreeState state = writer.View.Read(path, sessionId, scope, watcher);
        return new(state.Nodes.TryGetValue(path, out TreeNode? node)
            ? new CoordinationResult<T>(CoordinationStatus.Ok, select(node))
            : new CoordinationResult<T>(CoordinationStatus.NoNode, default!));
    }
}
