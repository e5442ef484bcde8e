using KBroker.Broker.Configuration;

namespace KBroker.Broker.Tests.Configuration;

public sealed class BrokerConfigLoaderTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"kbroker-{Guid.NewGuid():N}.properties");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Load_Nothing_GivesTheDefaultsOfASingleNode()
    {
        BrokerConfig config = Loaded(new());
        Assert.Equal(0, config.NodeId);
        Assert.Equal("PLAINTEXT://localhost:9092", Assert.Single(config.Listeners.Bound).ToString());
        Assert.Equal("PLAINTEXT://localhost:9092", Assert.Single(config.Listeners.Advertised).ToString());
        Assert.Equal([Path.GetFullPath("./kbroker-data")], config.LogDirs.Directories);
        Assert.Equal(104_857_600, config.Sockets.RequestMaxBytes);
        Assert.Equal(TimeSpan.FromMinutes(10), config.Sockets.MaxIdle);
        Assert.Null(config.Sockets.QueuedMaxRequestBytes);
        Assert.True(config.Topics.AutoCreate);
        Assert.Equal(57_671_680, config.Fetch.MaxBytes);
    }

    [Fact]
    public void Load_Layers_TheLaterWins()
    {
        File.WriteAllText(_file, "num.partitions=2\nbroker.rack=file\nlog.dirs=/a\nnode.id=1\n");
        var environment = new Dictionary<string, string>
        {
            ["KAFKA_BROKER_RACK"] = "kafka",
            ["KBROKER_BROKER_RACK"] = "kbroker",
            ["KAFKA_LOG_DIRS"] = "/b",
            ["KAFKA_NODE_ID"] = "2",
        };
        BrokerConfig config = Loaded(new() { File = _file, Environment = environment, Overrides = ["node.id=3"] });
        Assert.Equal(2, config.Topics.NumPartitions);
        Assert.Equal("kbroker", config.Rack);
        Assert.Equal(["/b"], config.LogDirs.Directories);
        Assert.Equal(3, config.NodeId);
    }

    [Fact]
    public void Load_FileWithoutListeners_ListensAsKafkaDoes()
    {
        File.WriteAllText(_file, "");
        BrokerConfig config = Loaded(new() { File = _file, HostName = "box" });
        Assert.Equal("PLAINTEXT://:9092", Assert.Single(config.Listeners.Bound).ToString());
        Assert.Equal("PLAINTEXT://box:9092", Assert.Single(config.Listeners.Advertised).ToString());
    }

    [Fact]
    public void Load_BadValues_NamesEveryPlaceAndWhatIsAllowed()
    {
        File.WriteAllText(_file, "# head\nnum.partitions=abc\nlog.retention.ms=1x\ncompression.type=rar\n");
        BrokerConfigResult result = BrokerConfigLoader.Load(new()
        {
            File = _file,
            Environment = new Dictionary<string, string> { ["KAFKA_DELETE_TOPIC_ENABLE"] = "yes" },
            Overrides = ["log.segment.bytes=1", "nonsense"],
        });
        Assert.Null(result.Config);
        string[] errors = [.. result.Errors.Select(error => error.ToString())];
        Assert.Contains($"{_file}:2: Invalid value abc for configuration num.partitions: Not a number of type INT (allowed: a whole number, at least 1)", errors);
        Assert.Contains($"{_file}:3: Invalid value 1x for configuration log.retention.ms: Not a number of type LONG (allowed: a whole number, at least -1)", errors);
        Assert.Contains($"{_file}:4: Invalid value rar for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer (allowed: one of uncompressed, zstd, lz4, snappy, gzip, producer)", errors);
        Assert.Contains("environment variable KAFKA_DELETE_TOPIC_ENABLE: Invalid value yes for configuration delete.topic.enable: Expected value to be either true or false (allowed: true or false)", errors);
        Assert.Contains("--override log.segment.bytes: Invalid value 1 for configuration log.segment.bytes: Value must be at least 14 (allowed: a whole number, at least 14)", errors);
        Assert.Contains("--override: 'nonsense' is not of the form name=value", errors);
        Assert.Equal(6, errors.Length);
    }

    [Theory]
    [InlineData("num.io.threads", "num.io.threads is known to Kafka but has no effect in this version")]
    [InlineData("listener.name.internal.ssl.keystore.location", "is known to Kafka but")]
    [InlineData("retention.ms", "retention.ms is a setting of topics and has no effect here; the broker's default for topics is log.retention.ms")]
    [InlineData("num.partition", "num.partition is an unknown setting and has no effect; did you mean num.partitions?")]
    [InlineData("qwertyuiop", "qwertyuiop is an unknown setting and has no effect")]
    public void Load_NameWithoutEffect_WarnsPrecisely(string name, string warning)
    {
        BrokerConfigResult result = BrokerConfigLoader.Load(new() { Overrides = [$"{name}=1"] });
        Assert.NotNull(result.Config);
        Assert.Contains(warning, Assert.Single(result.Warnings).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ProtectionThatIsNotEnforced_IsRefused()
    {
        Assert.Contains("does not enforce it", FirstError("authorizer.class.name=org.example.Authorizer"), StringComparison.Ordinal);
        Assert.Empty(BrokerConfigLoader.Load(new() { Overrides = ["authorizer.class.name="] }).Errors);
    }

    [Fact]
    public void Load_MembershipOfACluster_IsRefusedRatherThanRunAlone() =>
        Assert.Contains("cannot join", FirstError("zookeeper.connect=zk1:2181"), StringComparison.Ordinal);

    [Theory]
    [InlineData("node.id=1", "broker.id=2", "must be the same")]
    [InlineData("process.roles=controller", "", "'broker' must be among the roles")]
    [InlineData("queued.max.request.bytes=5", "", "must be at least socket.request.max.bytes")]
    [InlineData("max.connections.per.ip=0", "", "only if max.connections.per.ip.overrides is set")]
    [InlineData("max.connections.per.ip.overrides=host", "", "not a pair address:count")]
    [InlineData("log.dirs=/a,,/b", "", "empty directory")]
    [InlineData("log.dirs=/a,/b,/a/", "", "twice")]
    [InlineData("log.dirs=", "", "at least one directory")]
    [InlineData("log.retention.hours=0", "", "unlimited (-1)")]
    [InlineData("log.cleaner.min.compaction.lag.ms=9", "log.cleaner.max.compaction.lag.ms=8", "must not exceed")]
    public void Load_Conflict_IsAnErrorAtItsPlace(string first, string second, string message)
    {
        string[] overrides = second.Length == 0 ? [first] : [first, second];
        ConfigProblem error = Assert.Single(BrokerConfigLoader.Load(new() { Overrides = overrides }).Errors);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal($"--override {first.Split('=')[0]}", error.Origin);
    }

    [Fact]
    public void Load_BrokerIdAlone_IsTheNodeId() => Assert.Equal(7, BrokerConfig.FromSettings(("broker.id", "7")).NodeId);

    [Fact]
    public void FromSettings_BadValue_Throws() =>
        Assert.Throws<ConfigException>(() => BrokerConfig.FromSettings(("num.partitions", "0")));

    private static string FirstError(string text) => BrokerConfigLoader.Load(new() { Overrides = [text] }).Errors[0].ToString();

    private static BrokerConfig Loaded(BrokerConfigInput input)
    {
        BrokerConfigResult result = BrokerConfigLoader.Load(input);
        Assert.Empty(result.Errors);
        return result.Config!;
    }
}
