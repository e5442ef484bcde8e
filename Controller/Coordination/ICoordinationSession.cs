namespace KBroker.Controller.Coordination;

/// <summary>
/// One session with a coordination store. Writes of one session take effect in the order of the calls. Disposing it deletes
/// its ephemeral nodes. Paths are absolute (<c>/a/b</c>); a malformed path is a bug and throws. A broken disk throws
/// <see cref="IOException"/>: from a write that was refused, as for want of room, and from every write after a failed sync.
/// Reads go on.
/// </summary>
public interface ICoordinationSession : IAsyncDisposable
{
    /// <summary>The id of the session, at least 1: the owner of its ephemeral nodes.</summary>
    long SessionId { get; }

    /// <summary>Cancelled once the session is closed or expired, when its ephemeral nodes are gone.</summary>
    CancellationToken Ended { get; }

    /// <summary>Reads a node's data; the watcher, if any, fires once, at the next change or deletion of the node.</summary>
    ValueTask<CoordinationResult<NodeData>> GetAsync(
        string path, NodeWatcher? watcher = null, CancellationToken cancellationToken = default);

    /// <summary>Whether a node exists; the watcher, if any, fires once, at its creation, change or deletion.</summary>
    ValueTask<CoordinationResult<NodeStat>> ExistsAsync(
        string path, NodeWatcher? watcher = null, CancellationToken cancellationToken = default);

    /// <summary>Lists a node's children; the watcher, if any, fires once, when a child comes or goes or the node is deleted.</summary>
    ValueTask<CoordinationResult<NodeChildren>> GetChildrenAsync(
        string path, NodeWatcher? watcher = null, CancellationToken cancellationToken = default);

    /// <summary>Does all operations or none; Ok only once the change is durable.</summary>
    ValueTask<MultiResult> MultiAsync(
        IReadOnlyList<CoordinationOperation> operations, CancellationToken cancellationToken = default);

    /// <summary>
    /// Watches a node, its children and (if recursive) everything below, until the watch or the session is disposed.
    /// The node need not exist.
    /// </summary>
    ValueTask<IDisposable> WatchAsync(
        string path, bool recursive, NodeWatcher watcher, CancellationToken cancellationToken = default);
}
