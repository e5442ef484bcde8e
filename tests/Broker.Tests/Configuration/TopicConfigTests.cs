using KBroker.Broker.Configuration;

namespace KBroker.Broker.Tests.Configuration;

public sealed class TopicConfigTests
{
    [Theory]
    [InlineData("retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG")]
    [InlineData("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1")]
    [InlineData("segment.bytes", "2147483648", "Invalid value 2147483648 for configuration segment.bytes: Not a number of type INT")]
    [InlineData("cleanup.policy", "delete,foo", "Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete")]
    [InlineData("min.cleanable.dirty.ratio", "1.5", "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1")]
    [InlineData("min.cleanable.dirty.ratio", "NaN", "Invalid value NaN for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE")]
    [InlineData("compression.gzip.level", "0", "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1")]
    [InlineData("message.timestamp.type", "createtime", "Invalid value createtime for configuration message.timestamp.type: String must be one of: CreateTime, LogAppendTime")]
    [InlineData("preallocate", "1", "Invalid value 1 for configuration preallocate: Expected value to be either true or false")]
    [InlineData("message.format.version", "x", "Invalid value x for configuration message.format.version: not a Kafka version")]
    [InlineData("leader.replication.throttled.replicas", "1", "Invalid value 1 for configuration leader.replication.throttled.replicas: entries must be partition:broker, or * alone")]
    [InlineData("retentionms", "1", "Unknown topic config name: retentionms")]
    public void Validate_NotAllowed_AnswersInKafkasWords(string name, string value, string message) =>
        Assert.Equal(message, TopicConfigs.Validate(name, value));

    [Theory]
    [InlineData("retention.ms", " -1 ")]
    [InlineData("retention.bytes", "-5")]
    [InlineData("cleanup.policy", "compact, delete")]
    [InlineData("compression.gzip.level", "-1")]
    [InlineData("preallocate", "TRUE")]
    [InlineData("min.cleanable.dirty.ratio", "1e-2")]
    [InlineData("follower.replication.throttled.replicas", "0:1,2:3")]
    [InlineData("follower.replication.throttled.replicas", "*")]
    [InlineData("message.format.version", "2.8-IV1")]
    [InlineData("segment.ms", "+5")]
    public void Validate_Allowed_IsNull(string name, string value) => Assert.Null(TopicConfigs.Validate(name, value));

    [Fact]
    public void Table_Defaults_AreValidAndSynonymsExist()
    {
        Assert.Equal(37, TopicConfigs.Table.Definitions.Count);
        foreach (ConfigDefinition definition in TopicConfigs.Table.Definitions.Concat(BrokerConfigs.Table.Definitions))
        {
            if (definition.DefaultText is { } text) Assert.Null(definition.TryParse(text, out _));
            Assert.All(definition.Synonyms, synonym => Assert.True(BrokerConfigs.Table.TryGet(synonym.Name, out _), synonym.Name));
            Assert.False(KnownKafkaConfigs.Contains(definition.Name), definition.Name);
        }
    }

    [Fact]
    public void Resolve_Defaults_AreKafkas()
    {
        TopicConfig config = Resolve([]);
        Assert.Equal(604_800_000, config.RetentionMs);
        Assert.Equal(604_800_000, config.SegmentMs);
        Assert.Equal(1_073_741_824, config.SegmentBytes);
        Assert.Equal(1_048_588, config.MaxMessageBytes);
        Assert.Equal(long.MaxValue, config.FlushMs);
        Assert.Equal(3_600_000, config.MessageTimestampAfterMaxMs);
        Assert.Equal(config.RetentionMs, config.LocalRetentionMs);
        Assert.True(config.Delete);
        Assert.False(config.Compact);
    }

    [Fact]
    public void Resolve_SeveralSpellings_TheFirstThatIsSetWins()
    {
        Assert.Equal(7_200_000, Resolve([("log.retention.hours", "2")]).RetentionMs);
        Assert.Equal(180_000, Resolve([("log.retention.hours", "2"), ("log.retention.minutes", "3")]).RetentionMs);
        Assert.Equal(4, Resolve([("log.retention.hours", "2"), ("log.retention.minutes", "3"), ("log.retention.ms", "4")]).RetentionMs);
        Assert.Equal(-1, Resolve([("log.retention.hours", "-3")]).RetentionMs);
        Assert.Equal(3_600_000, Resolve([("log.roll.hours", "1")]).SegmentMs);
        Assert.Equal(9, Resolve([("log.flush.scheduler.interval.ms", "9")]).FlushMs);
        Assert.Equal(8, Resolve([("log.flush.scheduler.interval.ms", "9"), ("log.flush.interval.ms", "8")]).FlushMs);
    }

    [Fact]
    public void Resolve_TopicOverride_WinsOverTheBroker()
    {
        TopicConfig config = Resolve([("log.retention.ms", "5"), ("log.segment.bytes", "100")], new("retention.ms", "6"), new("cleanup.policy", "compact"));
        Assert.Equal(6, config.RetentionMs);
        Assert.Equal(100, config.SegmentBytes);
        Assert.True(config.Compact);
        Assert.False(config.Delete);
    }

    [Fact]
    public void Resolve_OlderTimestampBoundAlone_BoundsBothDirections()
    {
        TopicConfig config = Resolve([], new KeyValuePair<string, string>("message.timestamp.difference.max.ms", "5"));
        Assert.Equal((5, 5), (config.MessageTimestampBeforeMaxMs, config.MessageTimestampAfterMaxMs));
    }

    [Fact]
    public void Resolve_OlderTimestampBound_FillsTheOpenDirection()
    {
        TopicConfig config = Resolve([], new("message.timestamp.difference.max.ms", "5"), new("message.timestamp.after.max.ms", "7"));
        Assert.Equal(5, config.MessageTimestampBeforeMaxMs);
        Assert.Equal(7, config.MessageTimestampAfterMaxMs);
    }

    [Fact]
    public void Resolve_StoredValueThatIsNotValid_CountsAsNotSet() =>
        Assert.Equal(604_800_000, Resolve([], new("retention.ms", "?"), new("what", "ever")).RetentionMs);

    [Fact]
    public void ValidateAll_Conflicts_AreRefused()
    {
        TopicConfigResolver topics = BrokerConfig.FromSettings().TopicDefaults;
        Assert.Null(topics.Validate(new Dictionary<string, string?> { ["retention.ms"] = "5" }));
        Assert.Contains("Null value", topics.Validate(new Dictionary<string, string?> { ["retention.ms"] = null }), StringComparison.Ordinal);
        Assert.Contains("Tiered Storage", topics.Validate(new Dictionary<string, string?> { ["remote.storage.enable"] = "true" }), StringComparison.Ordinal);
        Assert.Contains(
            "conflict topic config setting",
            topics.Validate(new Dictionary<string, string?> { ["min.compaction.lag.ms"] = "2", ["max.compaction.lag.ms"] = "1" }),
            StringComparison.Ordinal);
    }

    private static TopicConfig Resolve((string Name, string Value)[] broker, params KeyValuePair<string, string>[] topic) =>
        BrokerConfig.FromSettings(broker).TopicDefaults.Resolve(new Dictionary<string, string>(topic));
}
