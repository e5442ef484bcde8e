namespace KBroker.Controller.Coordination;

/// <summary>What a watch saw.</summary>
public enum WatchEventType
{
    /// <summary>The node came into being.</summary>
    NodeCreated,

    /// <summary>The node's data was set.</summary>
    NodeDataChanged,

    /// <summary>The node was deleted.</summary>
    NodeDeleted,

    /// <summary>A child was created or deleted.</summary>
    NodeChildrenChanged,
}

/// <summary>One change that a watch reports. Says what changed, never the new value: read it again.</summary>
/// <param name="Type">The kind of change.</param>
/// <param name="Path">The node.</param>
public readonly record struct WatchEvent(WatchEventType Type, string Path);

/// <summary>
/// Called in the order of the changes, after they can be read, on a thread of the store: it must only enqueue, never block
/// and never throw.
/// </summary>
public delegate void NodeWatcher(WatchEvent change);
