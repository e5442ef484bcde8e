using static KBroker.Broker.Configuration.TopicConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>The effective settings of topics on one broker: what the topic sets, else what the broker sets, else the built-in default.</summary>
/// <param name="layers">The broker's settings.</param>
public sealed class TopicConfigResolver(ConfigLayers layers)
{
    private const long DefaultTimestampAfterMaxMs = 3_600_000;

    /// <summary>The effective settings of a topic. A stored value that is not valid, as another version may have left it, counts as not set.</summary>
    /// <param name="overrides">What the topic sets.</param>
    /// <returns>The settings.</returns>
    public TopicConfig Resolve(IReadOnlyDictionary<string, string> overrides)
    {
        var policy = (IReadOnlyList<string>)Value(CleanupPolicy);
        long retentionBytes = Long(RetentionBytes);
        long retentionMs = Long(RetentionMs);
        long localBytes = Long(LocalRetentionBytes);
        long localMs = Long(LocalRetentionMs);
        long difference = Long(MessageTimestampDifferenceMaxMs);
        long before = Long(MessageTimestampBeforeMaxMs);
        long after = Long(MessageTimestampAfterMaxMs);
        return new()
        {
            Delete = policy.Contains("delete"),
            Compact = policy.Contains("compact"),
            CompressionType = (string)Value(CompressionType),
            CompressionGzipLevel = Int(CompressionGzipLevel),
            CompressionLz4Level = Int(CompressionLz4Level),
            CompressionZstdLevel = Int(CompressionZstdLevel),
            DeleteRetentionMs = Long(DeleteRetentionMs),
            FileDeleteDelayMs = Long(FileDeleteDelayMs),
            FlushBeforeAck = Boolean(FlushBeforeAck),
            FlushMessages = Long(FlushMessages),
            FlushMs = Long(FlushMs),
            IndexIntervalBytes = Int(IndexIntervalBytes),
            MaxCompactionLagMs = Long(MaxCompactionLagMs),
            MaxMessageBytes = Int(MaxMessageBytes),
            LogAppendTime = (string)Value(MessageTimestampType) == "LogAppendTime",
            // The older setting bounds the direction that the newer one leaves open, or at its default of one hour (KIP-1030).
            MessageTimestampBeforeMaxMs = before == long.MaxValue ? difference : before,
            MessageTimestampAfterMaxMs = difference != long.MaxValue && (after is long.MaxValue or DefaultTimestampAfterMaxMs) ? difference : after,
            MinCleanableDirtyRatio = (double)Value(MinCleanableDirtyRatio),
            MinCompactionLagMs = Long(MinCompactionLagMs),
            MinInsyncReplicas = Int(MinInsyncReplicas),
            Preallocate = Boolean(Preallocate),
            RetentionBytes = retentionBytes,
            RetentionMs = retentionMs,
            SegmentBytes = Int(SegmentBytes),
            SegmentMs = Long(SegmentMs),
            SegmentJitterMs = Long(SegmentJitterMs),
            SegmentIndexBytes = Int(SegmentIndexBytes),
            UncleanLeaderElection = Boolean(UncleanLeaderElectionEnable),
            RemoteStorage = Boolean(RemoteStorageEnable),
            LocalRetentionBytes = localBytes == -2 ? retentionBytes : localBytes,
            LocalRetentionMs = localMs == -2 ? retentionMs : localMs,
        };

        object Value(string name) => Effective(TopicConfigs.Table[name], overrides);
        int Int(string name) => (int)Value(name);
        long Long(string name) => (long)Value(name);
        bool Boolean(string name) => (bool)Value(name);
    }

    /// <summary>Checks a topic's settings, one by one and against each other, as CreateTopics and AlterConfigs must before they store them.</summary>
    /// <param name="overrides">What the topic is to set.</param>
    /// <returns>Kafka's message, to go with INVALID_CONFIG; null when the settings are allowed.</returns>
    public string? Validate(IReadOnlyDictionary<string, string?> overrides)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string? value) in overrides)
        {
            if (value is null) return $"Null value not supported for topic configs: {name}";
            if (TopicConfigs.Validate(name, value) is { } problem) return problem;
            given.Add(name, value);
        }
        TopicConfig config = Resolve(given);
        if (config.MinCompactionLagMs > config.MaxCompactionLagMs)
            return $"conflict topic config setting {MinCompactionLagMs} ({config.MinCompactionLagMs}) > {MaxCompactionLagMs} ({config.MaxCompactionLagMs})";
        if (config.RemoteStorage)
            return "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.";
        return null;
    }

    /// <summary>All settings of a topic as DescribeConfigs answers them.</summary>
    /// <param name="overrides">What the topic sets.</param>
    /// <returns>The settings.</returns>
    public IReadOnlyList<DescribedConfig> Describe(IReadOnlyDictionary<string, string> overrides)
    {
        var described = new List<DescribedConfig>(TopicConfigs.Table.Definitions.Count);
        foreach (ConfigDefinition definition in TopicConfigs.Table.Definitions)
        {
            string value = ConfigText.Format(Effective(definition, overrides));
            var synonyms = new List<ConfigSynonymValue>();
            if (overrides.ContainsKey(definition.Name)) synonyms.Add(new(definition.Name, value, ConfigSource.DynamicTopicConfig));
            if (definition.Synonyms.Count > 0) synonyms.AddRange(layers.Synonyms(BrokerConfigs.Table[definition.Synonyms[0].Name]));
            ConfigSource source = synonyms.Count > 0 ? synonyms[0].Source : ConfigSource.DefaultConfig;
            described.Add(new(definition.Name, value, source, definition.Type, IsSensitive: false, IsReadOnly: false, definition.Documentation, synonyms));
        }
        return described;
    }

    private object Effective(ConfigDefinition definition, IReadOnlyDictionary<string, string> overrides)
    {
        if (overrides.TryGetValue(definition.Name, out string? text) && definition.TryParse(text, out object? own) is null) return own!;
        return BrokerDefault(definition);
    }

    /// <summary>The broker's default: of several spellings the first that has a value, converted to the topic setting's unit.</summary>
    private object BrokerDefault(ConfigDefinition definition)
    {
        foreach (ConfigSynonym synonym in definition.Synonyms)
        {
            if (layers.Value(BrokerConfigs.Table[synonym.Name]) is not { } value) continue;
            if (definition.Type != ConfigType.Long) return value;
            long number = value is int i ? i : (long)value;
            // Every negative retention time means "no limit".
            if (definition.Name == RetentionMs && number < 0) return -1L;
            return number * synonym.Factor;
        }
        return definition.Default!;
    }
}
