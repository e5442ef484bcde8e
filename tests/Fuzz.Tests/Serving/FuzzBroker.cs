using System.Net;
using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.TestKit;

namespace KBroker.Fuzz.Tests.Serving;

/// <summary>A whole broker in this process, in a directory of its own, with topics of several kinds and a canary topic.</summary>
internal sealed class FuzzBroker : IAsyncDisposable
{
    public const string CanaryTopic = "canary-in-the-mine-7c1f";

    /// <summary>The topics that hostile requests mean; recordings use the same names.</summary>
    public static readonly string[] Topics = ["fuzz.a", "fuzz.b", "fuzz.c", "packages"];

    private readonly string _root;
    private BrokerHost _host;

    private FuzzBroker(string root, BrokerHost host, LogCapture log) => (_root, _host, Log) = (root, host, log);

    public LogCapture Log { get; }

    public IReadOnlyList<Guid> TopicIds { get; private set; } = [];

    public IPEndPoint EndPoint => _host.EndPoints.Values.First();

    public string LogDirectory => Path.Combine(_root, "logs");

    public static async Task<FuzzBroker> StartAsync()
    {
        string root = Directory.CreateTempSubdirectory("kbroker-fuzz-").FullName;
        var log = new LogCapture();
        var broker = new FuzzBroker(root, await RunAsync(root, log), log);
        await broker.CreateTopicsAsync();
        return broker;
    }

    /// <summary>Stops in order and starts again on the same files.</summary>
    public async Task RestartAsync()
    {
        await _host.StopAsync();
        _host = await RunAsync(_root, Log);
    }

    public Task StopAsync() => _host.StopAsync();

    /// <summary>Paths under the broker's parent directory that do not belong there.</summary>
    public IEnumerable<string> StrayFiles() => Directory.EnumerateFileSystemEntries(_root).Where(path => path != LogDirectory);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private static Task<BrokerHost> RunAsync(string root, LogCapture log) => BrokerHost.StartAsync(
        BrokerConfig.FromSettings(
            ("listeners", "PLAINTEXT://127.0.0.1:0"),
            ("log.dirs", Path.Combine(root, "logs")),
            ("num.partitions", "1"),
            ("log.segment.bytes", "1048576"),
            ("kbroker.max.partitions", "300"),
            ("max.incremental.fetch.session.cache.slots", "1000")),
        new BrokerPlatform { Loggers = log, Random = new Random(1) });

    private async Task CreateTopicsAsync()
    {
        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        CreateTopicsResponse created = await client.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                TimeoutMs = 10_000,
                Topics =
                [
                    Topic("fuzz.a", 2),
                    Topic("fuzz.b", 1, ("cleanup.policy", "compact")),
                    Topic("fuzz.c", 1, ("message.timestamp.type", "LogAppendTime"), ("compression.type", "gzip")),
                    Topic("packages", 1),
                    // Settings of its own, so that a change of the broker's does not reach it.
                    Topic(CanaryTopic, 1, ("min.insync.replicas", "1"), ("max.message.bytes", "1000000"), ("compression.type", "producer"),
                        ("message.timestamp.type", "CreateTime"), ("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")),
                ],
            },
            5);
        Assert.All(created.Topics, topic => Assert.Equal(ErrorCode.None, topic.ErrorCode));
        MetadataResponse metadata = await client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, 12);
        TopicIds = [.. metadata.Topics.Where(topic => topic.Name != CanaryTopic).Select(topic => topic.TopicId)];
    }

    private static CreateTopicsRequest.CreatableTopic Topic(string name, int partitions, params (string Name, string Value)[] configs) => new()
    {
        Name = name,
        NumPartitions = partitions,
        ReplicationFactor = 1,
        Configs = [.. configs.Select(config => new CreateTopicsRequest.CreatableTopicConfig { Name = config.Name, Value = config.Value })],
    };
}
