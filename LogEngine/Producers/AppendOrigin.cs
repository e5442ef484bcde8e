namespace KBroker.LogEngine.Producers;

/// <summary>Who appends to a log, which decides what of a batch's producer is checked.</summary>
public enum AppendOrigin
{
    /// <summary>A producer: epoch and sequence are checked, and a repetition is recognised.</summary>
    Client,

    /// <summary>A coordinator, which writes markers and records without a sequence: epochs alone are checked.</summary>
    Coordinator,

    /// <summary>A log whose batches are copied: all of them were checked there, and none is refused.</summary>
    Replication,
}
