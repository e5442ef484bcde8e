namespace KBroker.Controller.Coordination;

/// <summary>The data of a node and its bookkeeping.</summary>
/// <param name="Data">The bytes; the caller must not change them.</param>
/// <param name="Stat">The bookkeeping at the same moment.</param>
public readonly record struct NodeData(ReadOnlyMemory<byte> Data, NodeStat Stat);
