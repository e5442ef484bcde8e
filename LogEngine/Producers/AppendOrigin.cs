namespace KBroker.LogEngine.Producers;

/// <summary>
/// Who appends to a log as its leader, which decides what of a batch's producer is checked. Batches that come from another log were
/// checked there.
/// </summary>
public enum AppendOrigin
{
    /// <summary>A producer: epoch and sequence are checked, and a repetition is recognised.</summary>
    Client,

    /// <summary>A coordinator, which writes markers and records without a sequence: epochs alone are checked.</summary>
    Coordinator,
}
