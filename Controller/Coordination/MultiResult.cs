namespace KBroker.Controller.Coordination;

/// <summary>What became of one step of a multi.</summary>
/// <param name="Status">Ok, why it failed, or <see cref="CoordinationStatus.RolledBack"/>.</param>
/// <param name="Path">The path written, with its sequence number if it is sequential.</param>
/// <param name="Stat">The node's bookkeeping afterwards; the default for a delete and for failures.</param>
public readonly record struct OperationResult(CoordinationStatus Status, string Path, NodeStat Stat);

/// <summary>What became of a multi: all of its steps took place, or none.</summary>
/// <param name="Status">Ok, or the status of the first step that failed.</param>
/// <param name="FailedIndex">The index of that step; -1 if all went well, or if the session or the connection failed.</param>
/// <param name="Results">One result a step; empty if the session or the connection failed.</param>
public sealed record MultiResult(CoordinationStatus Status, int FailedIndex, IReadOnlyList<OperationResult> Results)
{
    /// <summary>Whether all steps took place.</summary>
    public bool IsOk => Status == CoordinationStatus.Ok;

    /// <summary>The result of a multi that was refused as a whole.</summary>
    public static MultiResult Refused(CoordinationStatus status) => new(status, -1, []);
}
