namespace KBroker.Broker.Configuration;

/// <summary>One of the places an effective value could come from, in DescribeConfigs' list of synonyms.</summary>
/// <param name="Name">The setting there.</param>
/// <param name="Value">Its value; null when it is sensitive.</param>
/// <param name="Source">Where it is set.</param>
public readonly record struct ConfigSynonymValue(string Name, string? Value, ConfigSource Source);
