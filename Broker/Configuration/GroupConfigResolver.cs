using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Consumer;
using static KBroker.Broker.Configuration.BrokerConfigNames;
using static KBroker.Broker.Configuration.GroupConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>The effective settings of groups: what the group sets, else what the broker sets, within the broker's bounds.</summary>
/// <param name="layers">The broker's settings.</param>
/// <param name="broker">The same, typed.</param>
public sealed class GroupConfigResolver(ConfigLayers layers, GroupConfig broker)
{
    private static readonly ConfigValidator Positive = RangeValidator.AtLeast(1);

    /// <summary>The settings that a group may have of its own.</summary>
    public static ConfigTable Table { get; } = new(
    [
        new ConfigDefinition(ConsumerSessionTimeoutMs, ConfigType.Int, "45000", "Milliseconds without a heartbeat after which a member of the group is out; for members of the consumer protocol.")
        {
            Validator = Positive,
            Synonyms = [new(GroupConsumerSessionTimeoutMs)],
        },
        new ConfigDefinition(ConsumerHeartbeatIntervalMs, ConfigType.Int, "5000", "Milliseconds between heartbeats of a member of the group, as it is told; for members of the consumer protocol.")
        {
            Validator = Positive,
            Synonyms = [new(GroupConsumerHeartbeatIntervalMs)],
        },
    ]);

    /// <summary>
    /// The effective settings of a group. A stored value that the broker's bounds, changed since, no longer allow counts as the nearest
    /// one that they do; one that is no number counts as not set.
    /// </summary>
    /// <param name="overrides">What the group sets.</param>
    public GroupConfig Resolve(IReadOnlyDictionary<string, string> overrides)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        if (overrides.Count == 0) return broker;
        ConsumerGroupConfig all = broker.Consumer;
        int session = Own(ConsumerSessionTimeoutMs, overrides) is { } own
            ? Within(own, all.MinSessionTimeoutMs, all.MaxSessionTimeoutMs)
            : all.SessionTimeoutMs;
        int heartbeat = Own(ConsumerHeartbeatIntervalMs, overrides) is { } often
            ? Within(often, all.MinHeartbeatIntervalMs, all.MaxHeartbeatIntervalMs)
            : all.HeartbeatIntervalMs;
        return broker with { Consumer = all with { SessionTimeoutMs = session, HeartbeatIntervalMs = heartbeat } };
    }

    /// <summary>Checks a group's settings, one by one, against the broker's bounds and against each other.</summary>
    /// <param name="overrides">What the group is to set.</param>
    /// <returns>The message, to go with INVALID_CONFIG; null when the settings are allowed.</returns>
    public string? Validate(IReadOnlyDictionary<string, string> overrides)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        foreach ((string name, string text) in overrides)
        {
            if (!Table.TryGet(name, out ConfigDefinition? definition)) return $"Unknown group config name: {name}";
            if (definition.TryParse(text, out _) is { } problem) return problem;
        }

        ConsumerGroupConfig all = broker.Consumer;
        int session = Own(ConsumerSessionTimeoutMs, overrides) ?? all.SessionTimeoutMs;
        int heartbeat = Own(ConsumerHeartbeatIntervalMs, overrides) ?? all.HeartbeatIntervalMs;
        return Outside(ConsumerHeartbeatIntervalMs, overrides, (GroupConsumerMinHeartbeatIntervalMs, all.MinHeartbeatIntervalMs), (GroupConsumerMaxHeartbeatIntervalMs, all.MaxHeartbeatIntervalMs))
            ?? Outside(ConsumerSessionTimeoutMs, overrides, (GroupConsumerMinSessionTimeoutMs, all.MinSessionTimeoutMs), (GroupConsumerMaxSessionTimeoutMs, all.MaxSessionTimeoutMs))
            ?? (session <= heartbeat ? $"{ConsumerSessionTimeoutMs} ({session}) must be greater than {ConsumerHeartbeatIntervalMs} ({heartbeat})" : null);
    }

    /// <summary>All settings of a group as DescribeConfigs answers them.</summary>
    /// <param name="overrides">What the group sets.</param>
    public IReadOnlyList<DescribedConfig> Describe(IReadOnlyDictionary<string, string> overrides)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        GroupConfig effective = Resolve(overrides);
        var described = new List<DescribedConfig>(Table.Definitions.Count);
        foreach (ConfigDefinition definition in Table.Definitions)
        {
            string value = ConfigText.Format(definition.Name == ConsumerSessionTimeoutMs ? effective.Consumer.SessionTimeoutMs : effective.Consumer.HeartbeatIntervalMs);
            var synonyms = new List<ConfigSynonymValue>();
            if (overrides.TryGetValue(definition.Name, out string? own)) synonyms.Add(new(definition.Name, own, ConfigSource.GroupConfig));
            synonyms.AddRange(layers.Synonyms(BrokerConfigs.Table[definition.Synonyms[0].Name]));
            ConfigSource source = synonyms.Count > 0 ? synonyms[0].Source : ConfigSource.DefaultConfig;
            described.Add(new(definition.Name, value, source, definition.Type, IsSensitive: false, IsReadOnly: false, definition.Documentation, synonyms));
        }

        return described;
    }

    private static int? Own(string name, IReadOnlyDictionary<string, string> overrides) =>
        overrides.TryGetValue(name, out string? text) && Table[name].TryParse(text, out object? value) is null ? (int)value! : null;

    private static int Within(int value, int least, int most) => Math.Max(least, Math.Min(value, most));

    private static string? Outside(string name, IReadOnlyDictionary<string, string> overrides, (string Name, int Value) least, (string Name, int Value) most)
    {
        if (Own(name, overrides) is not { } value) return null;
        if (value < least.Value) return $"{name} must be greater than or equal to {least.Name} ({least.Value})";
        return value > most.Value ? $"{name} must be less than or equal to {most.Name} ({most.Value})" : null;
    }
}
