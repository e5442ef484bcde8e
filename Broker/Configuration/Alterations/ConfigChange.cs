namespace KBroker.Broker.Configuration.Alterations;

/// <summary>A change of one setting.</summary>
/// <param name="Name">The setting.</param>
/// <param name="Operation">What is done to it, known or not.</param>
/// <param name="Value">The value or the list entries; means nothing for a delete.</param>
public readonly record struct ConfigChange(string Name, ConfigOperation Operation, string? Value);
