namespace KBroker.Broker.Configuration;

/// <summary>Answers DescribeConfigs for the broker resource.</summary>
internal static class BrokerConfigDescriber
{
    public static IReadOnlyList<DescribedConfig> Describe(ConfigLayers layers)
    {
        var described = new List<DescribedConfig>(BrokerConfigs.Table.Definitions.Count);
        foreach (ConfigDefinition definition in BrokerConfigs.Table.Definitions) described.Add(Describe(definition, layers));
        foreach (ConfigSetting setting in layers.StaticSettings)
        {
            // What an unknown name means is unknown, so its value may be a secret.
            if (!BrokerConfigs.Table.TryGet(setting.Name, out _))
                described.Add(new(setting.Name, null, ConfigSource.StaticBrokerConfig, ConfigType.Unknown, IsSensitive: true, IsReadOnly: true, null, []));
        }
        return described;
    }

    public static IReadOnlyList<DescribedConfig> DescribeClusterDefaults(ConfigLayers layers)
    {
        var described = new List<DescribedConfig>();
        foreach (string name in layers.DynamicDefaults.Keys.Order(StringComparer.Ordinal))
        {
            ConfigDefinition definition = BrokerConfigs.Table[name];
            string? value = definition.IsSensitive ? null : layers.DynamicDefaults[name];
            described.Add(Describe(definition, layers) with
            {
                Value = value,
                Source = ConfigSource.DynamicDefaultBrokerConfig,
                Synonyms = [new(name, value, ConfigSource.DynamicDefaultBrokerConfig)],
            });
        }
        return described;
    }

    private static DescribedConfig Describe(ConfigDefinition definition, ConfigLayers layers)
    {
        IReadOnlyList<ConfigSynonymValue> synonyms = layers.Synonyms(definition);
        return new(
            definition.Name,
            definition.IsSensitive ? null : ConfigText.Format(layers.Value(definition)),
            synonyms.Count > 0 ? synonyms[0].Source : ConfigSource.DefaultConfig,
            definition.Type,
            definition.IsSensitive,
            definition.UpdateMode == ConfigUpdateMode.ReadOnly,
            definition.Documentation,
            synonyms);
    }
}
