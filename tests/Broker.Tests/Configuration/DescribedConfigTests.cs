using KBroker.Broker.Configuration;

namespace KBroker.Broker.Tests.Configuration;

public sealed class DescribedConfigTests
{
    [Fact]
    public void DescribeTopic_Sources_FollowKafkasPrecedence()
    {
        BrokerConfig config = BrokerConfig.FromSettings(("log.segment.bytes", "200"), ("log.retention.ms", "5"))
            .WithDynamic(new Dictionary<string, string> { ["log.segment.bytes"] = "300" }, new Dictionary<string, string> { ["log.segment.bytes"] = "400" });
        IReadOnlyList<DescribedConfig> topic = config.TopicDefaults.Describe(new Dictionary<string, string> { ["segment.bytes"] = "100" });

        DescribedConfig segment = topic.Single(entry => entry.Name == "segment.bytes");
        Assert.Equal("100", segment.Value);
        Assert.Equal(ConfigSource.DynamicTopicConfig, segment.Source);
        Assert.Equal(
            [
                new("segment.bytes", "100", ConfigSource.DynamicTopicConfig),
                new("log.segment.bytes", "300", ConfigSource.DynamicBrokerConfig),
                new("log.segment.bytes", "400", ConfigSource.DynamicDefaultBrokerConfig),
                new("log.segment.bytes", "200", ConfigSource.StaticBrokerConfig),
                new("log.segment.bytes", "1073741824", ConfigSource.DefaultConfig),
            ],
            segment.Synonyms);

        DescribedConfig retention = topic.Single(entry => entry.Name == "retention.ms");
        Assert.Equal("5", retention.Value);
        Assert.Equal(ConfigSource.StaticBrokerConfig, retention.Source);
        Assert.Equal(
            [new("log.retention.ms", "5", ConfigSource.StaticBrokerConfig), new("log.retention.hours", "168", ConfigSource.DefaultConfig)],
            retention.Synonyms);
    }

    [Fact]
    public void DescribeTopic_Default_HasTheSynonymsThatKafkaShows()
    {
        IReadOnlyList<DescribedConfig> topic = BrokerConfig.FromSettings().TopicDefaults.Describe(new Dictionary<string, string>());
        DescribedConfig retention = topic.Single(entry => entry.Name == "retention.ms");
        Assert.Equal("604800000", retention.Value);
        Assert.Equal(ConfigSource.DefaultConfig, retention.Source);
        Assert.Empty(retention.Synonyms);
        Assert.Equal("0.5", topic.Single(entry => entry.Name == "min.cleanable.dirty.ratio").Value);
        Assert.Equal("", topic.Single(entry => entry.Name == "leader.replication.throttled.replicas").Value);
    }

    [Fact]
    public void DescribeBroker_UnknownName_IsSensitive()
    {
        IReadOnlyList<DescribedConfig> broker = BrokerConfig.FromSettings(("ssl.keystore.password", "secret"), ("num.partitions", "3")).Describe();
        DescribedConfig password = broker.Single(entry => entry.Name == "ssl.keystore.password");
        Assert.Null(password.Value);
        Assert.True(password.IsSensitive);
        DescribedConfig partitions = broker.Single(entry => entry.Name == "num.partitions");
        Assert.Equal("3", partitions.Value);
        Assert.True(partitions.IsReadOnly);
        Assert.Equal(ConfigSource.StaticBrokerConfig, partitions.Source);
    }

    [Fact]
    public void WithDynamic_ValidSettings_TakeEffectAndOthersAreLeftOut()
    {
        BrokerConfig config = BrokerConfig.FromSettings(("max.connections", "10")).WithDynamic(
            new Dictionary<string, string> { ["max.connections"] = "20", ["listeners"] = "PLAINTEXT://x:1", ["max.connections.per.ip"] = "?" },
            new Dictionary<string, string> { ["log.retention.ms"] = "77" });
        Assert.Equal(20, config.Sockets.MaxConnections);
        Assert.Equal(8192, config.Sockets.MaxConnectionsPerIp);
        Assert.Equal(77, config.TopicDefaults.Resolve(new Dictionary<string, string>()).RetentionMs);
        DescribedConfig clusterWide = Assert.Single(config.DescribeClusterDefaults());
        Assert.Equal(("log.retention.ms", "77", ConfigSource.DynamicDefaultBrokerConfig), (clusterWide.Name, clusterWide.Value, clusterWide.Source));
    }

    [Theory]
    [InlineData("log.retention.ms", "5", false, null)]
    [InlineData("log.retention.hours", "5", false, "Cannot update these configs dynamically: log.retention.hours")]
    [InlineData("num.partitions", "5", true, "Cannot update these configs dynamically: num.partitions")]
    [InlineData("log.retention.ms", "x", true, "Invalid value x for configuration log.retention.ms: Not a number of type LONG")]
    [InlineData("what", "x", true, "Unknown broker config name: what")]
    public void ValidateDynamic_Setting_IsCheckedForLevelAndValue(string name, string value, bool perBroker, string? message) =>
        Assert.Equal(message, BrokerConfigs.ValidateDynamic(name, value, perBroker));
}
