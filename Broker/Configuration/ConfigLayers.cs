namespace KBroker.Broker.Configuration;

/// <summary>
/// The values of a broker's settings, layer over layer: set for this broker at runtime, set for all brokers at runtime, given at
/// startup, built in. Immutable; a runtime change makes a new instance.
/// </summary>
public sealed class ConfigLayers
{
    private static readonly Dictionary<string, string> None = new(StringComparer.Ordinal);

    private readonly IReadOnlyDictionary<string, ConfigSetting> _static;
    private readonly IReadOnlyDictionary<string, string> _dynamicBroker;
    private readonly IReadOnlyDictionary<string, string> _dynamicDefault;

    private ConfigLayers(
        IReadOnlyDictionary<string, ConfigSetting> statics,
        IReadOnlyDictionary<string, string> dynamicBroker,
        IReadOnlyDictionary<string, string> dynamicDefault)
    {
        _static = statics;
        _dynamicBroker = dynamicBroker;
        _dynamicDefault = dynamicDefault;
    }

    /// <summary>The settings given at startup, unknown names included.</summary>
    public IEnumerable<ConfigSetting> StaticSettings => _static.Values;

    /// <summary>The settings made at runtime for all brokers.</summary>
    public IReadOnlyDictionary<string, string> DynamicDefaults => _dynamicDefault;

    /// <summary>Layers without runtime settings.</summary>
    /// <param name="statics">The settings given at startup, by name; every known one parses.</param>
    /// <returns>The layers.</returns>
    public static ConfigLayers FromStatic(IReadOnlyDictionary<string, ConfigSetting> statics) => new(statics, None, None);

    /// <summary>The same startup settings under other runtime settings; those that are not valid are left out.</summary>
    /// <param name="dynamicBroker">The runtime settings of this broker.</param>
    /// <param name="dynamicDefault">The runtime settings of all brokers.</param>
    /// <returns>New layers.</returns>
    public ConfigLayers WithDynamic(IReadOnlyDictionary<string, string> dynamicBroker, IReadOnlyDictionary<string, string> dynamicDefault) =>
        new(_static, Valid(dynamicBroker, perBroker: true), Valid(dynamicDefault, perBroker: false));

    /// <summary>Where a setting was given at startup.</summary>
    /// <param name="name">The setting.</param>
    /// <returns>File and line, variable or option; null when it was not given.</returns>
    public string? OriginOf(string name) => _static.GetValueOrDefault(name)?.Origin;

    /// <summary>Whether a setting is set in any layer above the built-in default.</summary>
    /// <param name="name">The setting.</param>
    /// <returns>True when it is set.</returns>
    public bool IsSet(string name) => _dynamicBroker.ContainsKey(name) || _dynamicDefault.ContainsKey(name) || _static.ContainsKey(name);

    /// <summary>The effective value of a setting.</summary>
    /// <param name="definition">The setting.</param>
    /// <returns>Its parsed value; null when it is set nowhere and has no default.</returns>
    public object? Value(ConfigDefinition definition)
    {
        string? text = _dynamicBroker.GetValueOrDefault(definition.Name)
            ?? _dynamicDefault.GetValueOrDefault(definition.Name)
            ?? _static.GetValueOrDefault(definition.Name)?.Text;
        if (text is null) return definition.Default;
        return definition.TryParse(text, out object? value) is null ? value : definition.Default;
    }

    /// <summary>
    /// The places that could provide a setting's value, as Kafka lists them: layer by layer, within a layer spelling by spelling, from
    /// the first that carries the setting's own name on.
    /// </summary>
    /// <param name="definition">A broker setting.</param>
    /// <returns>The places in order of precedence; the first one is the source of the value.</returns>
    public IReadOnlyList<ConfigSynonymValue> Synonyms(ConfigDefinition definition)
    {
        IReadOnlyList<ConfigSynonym> spellings = definition.Synonyms.Count > 0 ? definition.Synonyms : [new(definition.Name)];
        var found = new List<ConfigSynonymValue>();
        Collect(found, definition, spellings, ConfigSource.DynamicBrokerConfig, name => _dynamicBroker.GetValueOrDefault(name));
        Collect(found, definition, spellings, ConfigSource.DynamicDefaultBrokerConfig, name => _dynamicDefault.GetValueOrDefault(name));
        Collect(found, definition, spellings, ConfigSource.StaticBrokerConfig, name => _static.GetValueOrDefault(name)?.Text);
        Collect(found, definition, spellings, ConfigSource.DefaultConfig, DefaultOf);
        int own = found.FindIndex(place => place.Name == definition.Name);
        return own < 0 ? [] : found[own..];
    }

    private static string? DefaultOf(string name) =>
        BrokerConfigs.Table.TryGet(name, out ConfigDefinition? definition) ? ConfigText.Format(definition.Default) : null;

    private static void Collect(
        List<ConfigSynonymValue> found, ConfigDefinition definition, IReadOnlyList<ConfigSynonym> spellings, ConfigSource source, Func<string, string?> textOf)
    {
        foreach (ConfigSynonym spelling in spellings)
        {
            if (textOf(spelling.Name) is { } text) found.Add(new(spelling.Name, definition.IsSensitive ? null : text, source));
        }
    }

    private static Dictionary<string, string> Valid(IReadOnlyDictionary<string, string> settings, bool perBroker)
    {
        var valid = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string text) in settings)
        {
            if (BrokerConfigs.ValidateDynamic(name, text, perBroker) is null) valid.Add(name, text);
        }
        return valid;
    }
}
