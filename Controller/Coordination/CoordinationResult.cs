namespace KBroker.Controller.Coordination;

/// <summary>A status and, if it is <see cref="CoordinationStatus.Ok"/>, a value.</summary>
/// <param name="Status">What became of the operation.</param>
/// <param name="Value">The value; the default unless the status is Ok.</param>
public readonly record struct CoordinationResult<T>(CoordinationStatus Status, T Value)
{
    /// <summary>Whether the operation succeeded.</summary>
    public bool IsOk => Status == CoordinationStatus.Ok;
}
