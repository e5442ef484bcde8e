namespace KBroker.Broker.Configuration;

/// <summary>One setting of a resource as DescribeConfigs answers it.</summary>
/// <param name="Name">The setting.</param>
/// <param name="Value">Its effective value; null when there is none or when it is sensitive.</param>
/// <param name="Source">Where the value comes from.</param>
/// <param name="Type">The type of the value; <see cref="ConfigType.Unknown"/> for a name this broker does not know.</param>
/// <param name="IsSensitive">Whether the value is withheld.</param>
/// <param name="IsReadOnly">Whether it cannot be changed at runtime.</param>
/// <param name="Documentation">What it does; null for a name this broker does not know.</param>
/// <param name="Synonyms">Every place that sets it, in order of precedence.</param>
public sealed record DescribedConfig(
    string Name,
    string? Value,
    ConfigSource Source,
    ConfigType Type,
    bool IsSensitive,
    bool IsReadOnly,
    string? Documentation,
    IReadOnlyList<ConfigSynonymValue> Synonyms);
