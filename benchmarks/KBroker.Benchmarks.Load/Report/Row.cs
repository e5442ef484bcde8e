namespace KBroker.Benchmarks.Load.Report;

/// <summary>One line of the table.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Broker">The broker's figure.</param>
/// <param name="Baseline">The figure of what it is held against; null where the target is absolute.</param>
/// <param name="Unit">The unit of both.</param>
/// <param name="Value">What the target limits: the ratio, or the broker's figure.</param>
/// <param name="Limit">The target; null for rows that only inform.</param>
/// <param name="AtLeast">Whether the target is a lower limit.</param>
internal sealed record Row(string Name, double Broker, double? Baseline, string Unit, double Value, double? Limit, bool AtLeast = false)
{
    /// <summary>Whether the target is reached; null without one.</summary>
    public bool? Met => Limit is { } limit ? (AtLeast ? Value >= limit : Value <= limit) : null;
}
