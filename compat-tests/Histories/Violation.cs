namespace KBroker.Compat.Tests.Histories;

/// <summary>A promise that a history shows broken.</summary>
internal sealed record Violation(Anomaly Anomaly, string What)
{
    public override string ToString() => $"{Anomaly}: {What}";
}
