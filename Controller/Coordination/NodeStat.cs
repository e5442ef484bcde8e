namespace KBroker.Controller.Coordination;

/// <summary>The bookkeeping of one node.</summary>
/// <param name="CreationId">The id of the transaction that created it (czxid); never reused, never smaller later on.</param>
/// <param name="ModificationId">The id of the transaction that last set its data (mzxid).</param>
/// <param name="Version">How often its data was set since creation.</param>
/// <param name="ChildrenVersion">How often its set of children changed.</param>
/// <param name="EphemeralOwner">The session it lives with; 0 for a persistent node.</param>
/// <param name="ChildCount">How many children it has.</param>
public readonly record struct NodeStat(
    long CreationId, long ModificationId, int Version, int ChildrenVersion, long EphemeralOwner, int ChildCount);
