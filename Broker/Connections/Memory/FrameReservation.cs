namespace KBroker.Broker.Connections.Memory;

/// <summary>What one frame has been charged against a <see cref="RequestMemoryBudget"/>; owned by one connection's reader.</summary>
public sealed class FrameReservation
{
    /// <summary>The bytes charged; guarded by the budget's lock.</summary>
    internal long Bytes { get; set; }
}
