namespace KBroker.Controller.Coordination.Tree;

/// <summary>What a watch is set on, and for how long.</summary>
internal enum WatchScope
{
    /// <summary>The node's existence and data, once.</summary>
    DataOnce,

    /// <summary>The node's children and deletion, once.</summary>
    ChildrenOnce,

    /// <summary>The node and its children, until removed.</summary>
    Persistent,

    /// <summary>The node and everything below, until removed; children changes are told as creations and deletions.</summary>
    PersistentRecursive,
}

/// <summary>One watch of one session.</summary>
internal sealed record Watch(string Path, long Session, WatchScope Scope, NodeWatcher Watcher)
{
    public bool Wants(WatchEventType type, bool below) => Scope switch
    {
        WatchScope.DataOnce => !below && type != WatchEventType.NodeChildrenChanged,
        WatchScope.ChildrenOnce => !below && (type is WatchEventType.NodeChildrenChanged or WatchEventType.NodeDeleted),
        WatchScope.Persistent => !below,
        _ => type != WatchEventType.NodeChildrenChanged,
    };
}
