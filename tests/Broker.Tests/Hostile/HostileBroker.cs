using System.Diagnostics.CodeAnalysis;
using System.Net;
using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Tests.Hostile;

/// <summary>A whole broker that a class of tests throws its worst at; after each case it must serve others as if nothing was.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit ends it with DisposeAsync; its log holds nothing.")]
public sealed class HostileBroker : IAsyncLifetime
{
    /// <summary>An ordinary topic that only hostile requests write to.</summary>
    public const string Target = "target";

    /// <summary>A compacted topic: keys are needed.</summary>
    public const string Compacted = "compacted";

    /// <summary>A topic whose batches have at most <see cref="SmallLimit"/> bytes.</summary>
    public const string Small = "small";

    /// <summary><c>max.message.bytes</c> of <see cref="Small"/>.</summary>
    public const int SmallLimit = 1000;

    private const string CanaryTopic = "canary";

    private readonly string _root = Directory.CreateTempSubdirectory("kbroker-hostile-").FullName;
    private readonly HostileLog _log = new();
    private BrokerHost? _host;
    private RawClient? _canary;

    public IPEndPoint EndPoint => _host!.EndPoints.Values.First();

    /// <summary>The directory above the log directory, in which nothing else may appear.</summary>
    public string Root => _root;

    public Guid TargetId { get; private set; }

    public async Task InitializeAsync()
    {
        _host = await BrokerHost.StartAsync(
            BrokerConfig.FromSettings(
                ("listeners", "PLAINTEXT://127.0.0.1:0"),
                ("log.dirs", Path.Combine(_root, "logs")),
                ("kbroker.max.partitions", "200"),
                ("max.incremental.fetch.session.cache.slots", "20")),
            new BrokerPlatform { Loggers = _log });
        _canary = await ConnectAsync();
        CreateTopicsResponse created = await _canary.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                TimeoutMs = 20_000,
                Topics =
                [
                    Topic(CanaryTopic), Topic(Target), Topic(Compacted, ("cleanup.policy", "compact")),
                    Topic(Small, ("max.message.bytes", "1000")),
                ],
            },
            7);
        Assert.All(created.Topics, topic => Assert.Equal(ErrorCode.None, topic.ErrorCode));
        TargetId = created.Topics.Single(topic => topic.Name == Target).TopicId;
    }

    public async Task DisposeAsync()
    {
        if (_canary is not null) await _canary.DisposeAsync();
        if (_host is not null) await _host.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    public Task<RawClient> ConnectAsync() => RawClient.ConnectAsync(EndPoint);

    /// <summary>Another connection still writes and reads, and the broker's log tells of no error.</summary>
    public async Task AssertUnharmedAsync()
    {
        ProduceResponse.PartitionProduceResponse produced = await ProduceAsync(_canary!, CanaryTopic, HostileBatch.Valid());
        Assert.Equal(ErrorCode.None, produced.ErrorCode);
        FetchResponse.PartitionData fetched = await FetchAsync(_canary!, CanaryTopic, produced.BaseOffset);
        Assert.Equal(ErrorCode.None, fetched.ErrorCode);
        Assert.Equal(HostileBatch.Valid().Length, fetched.Records.Length);
        Assert.Empty(_log.Faults);
    }

    /// <summary>The end of a topic's only partition.</summary>
    public async Task<long> EndOffsetAsync(string topic) => (await FetchAsync(_canary!, topic, 0)).HighWatermark;

    public static async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(
        RawClient client, string topic, byte[]? records, short version = 9, short acks = 1, string? transactionalId = null)
    {
        ProduceResponse response = await client.CallAsync<ProduceResponse>(ProduceRequest(topic, records, acks, transactionalId), version);
        return response.Responses.Single().PartitionResponses.Single();
    }

    public static ProduceRequest ProduceRequest(string topic, byte[]? records, short acks = 1, string? transactionalId = null) => new()
    {
        Acks = acks,
        TimeoutMs = 5000,
        TransactionalId = transactionalId,
        TopicData =
        [
            new() { Name = topic, PartitionData = [new() { Index = 0, Records = records is null ? RecordsData.Null : new RecordsData(records) }] },
        ],
    };

    public static async Task<FetchResponse.PartitionData> FetchAsync(RawClient client, string topic, long offset, int leaderEpoch = -1, int replicaId = -1)
    {
        FetchResponse response = await client.CallAsync<FetchResponse>(
            new FetchRequest
            {
                ReplicaId = replicaId,
                MaxWaitMs = 0,
                MaxBytes = 1 << 20,
                Topics = [new() { Topic = topic, Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = leaderEpoch }] }],
            },
            12);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return response.Responses.Single().Partitions.Single();
    }

    private static CreateTopicsRequest.CreatableTopic Topic(string name, params (string Name, string Value)[] configs) => new()
    {
        Name = name,
        NumPartitions = 1,
        ReplicationFactor = 1,
        Configs = [.. configs.Select(config => new CreateTopicsRequest.CreatableTopicConfig { Name = config.Name, Value = config.Value })],
    };

    private sealed class HostileLog : ILoggerFactory, ILogger
    {
        private readonly List<string> _faults = [];

        public IReadOnlyList<string> Faults
        {
            get
            {
                lock (_faults) return [.. _faults];
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string line = formatter(state, exception);
            if (logLevel < LogLevel.Error && exception is null && line.Length <= 1024 && !line.Any(char.IsControl)) return;
            lock (_faults) _faults.Add($"{logLevel} {line} {exception}");
        }

        public void Dispose()
        {
        }
    }
}
