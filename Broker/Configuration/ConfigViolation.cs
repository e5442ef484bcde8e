namespace KBroker.Broker.Configuration;

/// <summary>A value that a rule refuses.</summary>
/// <param name="Value">The offending value, or the offending entry of a list.</param>
/// <param name="Reason">Why it is refused.</param>
public readonly record struct ConfigViolation(string Value, string Reason);
