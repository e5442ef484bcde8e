namespace KBroker.Controller.Coordination;

/// <summary>What became of an operation on the coordination store. The names follow ZooKeeper's.</summary>
public enum CoordinationStatus
{
    /// <summary>Done.</summary>
    Ok,

    /// <summary>The node, or the parent of a node to be created, does not exist.</summary>
    NoNode,

    /// <summary>The node to be created exists already.</summary>
    NodeExists,

    /// <summary>The node's version is not the expected one: somebody else wrote it.</summary>
    BadVersion,

    /// <summary>The node to be deleted has children.</summary>
    NotEmpty,

    /// <summary>The parent is ephemeral and can have no children.</summary>
    NoChildrenForEphemerals,

    /// <summary>The session has ended: its ephemerals are gone and it can do nothing more.</summary>
    SessionExpired,

    /// <summary>It is not known whether the operation took place; re-read before deciding.</summary>
    ConnectionLoss,

    /// <summary>This operation of a multi was fine, but another one failed, so nothing was done.</summary>
    RolledBack,
}
