namespace KBroker.Controller.Coordination;

/// <summary>The children of a node and its bookkeeping.</summary>
/// <param name="Names">Names (not paths), in ordinal order.</param>
/// <param name="Stat">The bookkeeping at the same moment.</param>
public readonly record struct NodeChildren(IReadOnlyList<string> Names, NodeStat Stat);
