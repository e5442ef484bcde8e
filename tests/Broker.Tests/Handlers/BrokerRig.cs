using System.Net;
using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;
using KBroker.Controller.Coordination;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>A whole broker, number 0, with a client: its logs in a temporary directory, its coordination store in memory.</summary>
internal sealed class BrokerRig : IAsyncDisposable
{
    private readonly (string Name, string Value)[] _settings;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kbroker-apis-");
    private readonly InMemoryCoordinationStore _store = new();
    private BrokerHost? _host;
    private RawClient? _client;

    private BrokerRig((string Name, string Value)[] settings) => _settings = settings;

    /// <summary>What the broker logged as an error.</summary>
    public ErrorLog Errors { get; } = new();

    public BrokerHost Host => _host!;

    public RawClient Client => _client!;

    public IPEndPoint EndPoint => Host.EndPoints["PLAINTEXT"];

    public string LogDirectory => _directory.FullName;

    public static async Task<BrokerRig> StartAsync(params (string Name, string Value)[] settings)
    {
        var rig = new BrokerRig(settings);
        await rig.StartBrokerAsync();
        return rig;
    }

    /// <summary>Ends the broker as a crash would, and starts it again on the same disk and store.</summary>
    public async Task CrashAndRestartAsync()
    {
        await Client.DisposeAsync();
        await Host.DisposeAsync();
        await StartBrokerAsync();
    }

    public Task<TResponse> CallAsync<TResponse>(IApiMessage request, short version)
        where TResponse : WireStruct, IApiMessage<TResponse> => Client.CallAsync<TResponse>(request, version);

    public async Task<CreateTopicsResponse.CreatableTopicResult> CreateAsync(
        string name, int partitions = 1, params (string Name, string? Value)[] configs) => (await CallAsync<CreateTopicsResponse>(
        new CreateTopicsRequest
        {
            Topics = [new()
            {
                Name = name,
                NumPartitions = partitions,
                ReplicationFactor = 1,
                Configs = [.. configs.Select(config => new CreateTopicsRequest.CreatableTopicConfig { Name = config.Name, Value = config.Value })],
            }],
        },
        7)).Topics[0];

    /// <summary>Appends one batch of one record for each timestamp; returns the first offset.</summary>
    public async Task<long> ProduceAsync(string topic, params long[] timestamps)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        foreach (long timestamp in timestamps) builder.Append(timestamp, [1], [2], null);
        ProduceResponse response = await CallAsync<ProduceResponse>(
            new ProduceRequest
            {
                Acks = -1,
                TimeoutMs = 10_000,
                TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = new RecordsData(builder.ToArray()) }] }],
            },
            9);
        ProduceResponse.PartitionProduceResponse partition = response.Responses[0].PartitionResponses[0];
        Assert.Equal(ErrorCode.None, partition.ErrorCode);
        return partition.BaseOffset;
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Host.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private async Task StartBrokerAsync()
    {
        _host = await BrokerHost.StartAsync(
            BrokerConfig.FromSettings([("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", _directory.FullName), .. _settings]),
            new BrokerPlatform { Loggers = Errors, Random = new Random(1), OpenCoordination = _ => _store });
        _client = await RawClient.ConnectAsync(EndPoint);
    }
}
