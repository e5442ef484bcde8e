namespace KBroker.Broker.Configuration;

/// <summary>
/// Reads a broker's configuration: built-in defaults, then the file, then <c>KAFKA_</c> and <c>KBROKER_</c> environment variables,
/// then the command line; the later wins. All errors are reported at once, each with its place.
/// </summary>
public static class BrokerConfigLoader
{
    /// <summary>Reads and checks a configuration.</summary>
    /// <param name="input">Where to read from.</param>
    /// <returns>The configuration, or what is wrong with it.</returns>
    public static BrokerConfigResult Load(BrokerConfigInput input)
    {
        var errors = new List<ConfigProblem>();
        var warnings = new List<ConfigProblem>();
        var settings = new Dictionary<string, ConfigSetting>(StringComparer.Ordinal);

        if (input.File is { } path) ReadFile(path, settings, errors, warnings);
        else AddDefaultsWithoutFile(settings);
        foreach (ConfigSetting setting in EnvironmentSettings.From(input.Environment)) settings[setting.Name] = setting;
        foreach (string text in input.Overrides) ReadOverride(text, settings, errors);

        foreach (ConfigSetting setting in settings.Values) CheckSetting(setting, errors, warnings);
        if (errors.Count > 0) return new(null, errors, warnings);

        BrokerConfig? config = new BrokerConfigChecks(ConfigLayers.FromStatic(settings), input, errors, warnings).Build();
        return new(errors.Count > 0 ? null : config, errors, warnings);
    }

    private static void ReadFile(string path, Dictionary<string, ConfigSetting> settings, List<ConfigProblem> errors, List<ConfigProblem> warnings)
    {
        PropertiesContent content = PropertiesFile.Read(path);
        errors.AddRange(content.Errors);
        warnings.AddRange(content.Warnings);
        foreach (PropertiesEntry entry in content.Entries) settings[entry.Key] = new(entry.Key, entry.Value, $"{path}:{entry.Line}");
    }

    /// <summary>What suits a first try better than Kafka's defaults, as the configuration file that comes with Kafka has it too.</summary>
    private static void AddDefaultsWithoutFile(Dictionary<string, ConfigSetting> settings) =>
        settings[BrokerConfigNames.GroupInitialRebalanceDelayMs] = new(BrokerConfigNames.GroupInitialRebalanceDelayMs, "0", "without a configuration file");

    private static void ReadOverride(string text, Dictionary<string, ConfigSetting> settings, List<ConfigProblem> errors)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? "" : text[..equals].Trim();
        if (name.Length == 0)
        {
            errors.Add(new("--override", $"'{text}' is not of the form name=value"));
            return;
        }
        settings[name] = new(name, text[(equals + 1)..], $"--override {name}");
    }

    private static void CheckSetting(ConfigSetting setting, List<ConfigProblem> errors, List<ConfigProblem> warnings)
    {
        if (BrokerConfigs.Table.TryGet(setting.Name, out ConfigDefinition? definition))
        {
            if (definition.TryParse(setting.Text, out _) is { } problem)
                errors.Add(new(setting.Origin, $"{problem} (allowed: {definition.Allowed})"));
        }
        else if (setting.Name == KnownKafkaConfigs.ZooKeeperConnect && !string.IsNullOrWhiteSpace(setting.Text))
        {
            errors.Add(new(setting.Origin, "zookeeper.connect makes the broker one of a cluster, which this version cannot join; remove it to run a node on its own"));
        }
        else if (KnownKafkaConfigs.IsProtection(setting.Name) && !string.IsNullOrWhiteSpace(setting.Text))
        {
            errors.Add(new(setting.Origin, $"{setting.Name} is known to Kafka, but this version does not enforce it; remove it to run without that check"));
        }
        else
        {
            warnings.Add(new(setting.Origin, UnknownName.Explain(setting.Name)));
        }
    }
}
