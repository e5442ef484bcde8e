namespace KBroker.Controller.Coordination;

/// <summary>
/// A small versioned tree that survives restarts: ZooKeeper for a cluster, an embedded one for a single node, an in-memory
/// one for tests.
/// </summary>
public interface ICoordinationStore : IAsyncDisposable
{
    /// <summary>Opens a session, which every read, write, watch and ephemeral node belongs to.</summary>
    ValueTask<ICoordinationSession> OpenSessionAsync(CancellationToken cancellationToken = default);
}
