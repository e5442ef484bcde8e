namespace KBroker.Broker.Configuration;

/// <summary>One setting: its name, type, default, rule and meaning. Immutable.</summary>
public sealed class ConfigDefinition
{
    /// <summary>Defines a setting.</summary>
    /// <param name="name">Kafka's name, or one that starts with <c>kbroker.</c>.</param>
    /// <param name="type">The type of its value.</param>
    /// <param name="defaultText">The default in text form; null when there is none.</param>
    /// <param name="documentation">What it does, with unit and special values.</param>
    public ConfigDefinition(string name, ConfigType type, string? defaultText, string documentation)
    {
        Name = name;
        Type = type;
        Documentation = documentation;
        DefaultText = defaultText;
        if (defaultText is not null && ConfigText.TryParse(type, defaultText, out object? value) is null) Default = value;
    }

    /// <summary>The setting's name.</summary>
    public string Name { get; }

    /// <summary>The type of its value.</summary>
    public ConfigType Type { get; }

    /// <summary>The default in text form; null when there is none.</summary>
    public string? DefaultText { get; }

    /// <summary>The parsed default; null when there is none.</summary>
    public object? Default { get; }

    /// <summary>What the setting does, with unit and special values.</summary>
    public string Documentation { get; }

    /// <summary>The rule on its value; null when every value of the type is allowed.</summary>
    public ConfigValidator? Validator { get; init; }

    /// <summary>How likely an operator has to think about it.</summary>
    public ConfigImportance Importance { get; init; } = ConfigImportance.Medium;

    /// <summary>Whether it can be changed while the broker runs. Topic settings always can; this concerns broker settings.</summary>
    public ConfigUpdateMode UpdateMode { get; init; } = ConfigUpdateMode.ReadOnly;

    /// <summary>
    /// For a topic setting: the broker settings that provide its default, the first one set wins. For a broker setting that Kafka
    /// offers in several units: all its spellings, itself included, in order of precedence.
    /// </summary>
    public IReadOnlyList<ConfigSynonym> Synonyms { get; init; } = [];

    /// <summary>Whether the value must never be shown.</summary>
    public bool IsSensitive => Type == ConfigType.Password;

    /// <summary>What the setting allows, as a phrase for an error message.</summary>
    public string Allowed => (Type, Validator) switch
    {
        (_, null) => ConfigText.AllowedBy(Type),
        (ConfigType.Int or ConfigType.Short or ConfigType.Long, { } rule) => $"a whole number, {rule.Allowed}",
        (ConfigType.Double, { } rule) => $"a number, {rule.Allowed}",
        (ConfigType.List, { } rule) => $"entries separated by commas, each {rule.Allowed}",
        (_, { } rule) => rule.Allowed,
    };

    /// <summary>Parses and checks text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The parsed value when the text is allowed.</param>
    /// <returns>
    /// Kafka's message (<c>Invalid value abc for configuration retention.ms: Not a number of type LONG</c>), or null when the text
    /// is allowed. A password's value is not part of the message.
    /// </returns>
    public string? TryParse(string text, out object? value)
    {
        if (ConfigText.TryParse(Type, text, out value) is { } problem) return Invalid(text, problem);
        if (Validator?.Check(value!) is { } violation)
        {
            value = null;
            return Invalid(violation.Value, violation.Reason);
        }
        return null;
    }

    private string Invalid(string value, string reason) =>
        $"Invalid value {(IsSensitive ? "[hidden]" : value)} for configuration {Name}: {reason}";
}
