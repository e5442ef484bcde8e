using KBroker.Broker.Hosting;
using KBroker.Broker.Tests.Handlers;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Hosting;

/// <summary>Retention as clients see it, under a clock that the tests move.</summary>
public sealed class RetentionTests : IAsyncLifetime
{
    private const sbyte Topic = 2;
    private const sbyte Broker = 4;
    private static readonly TimeSpan OneCheck = TimeSpan.FromSeconds(11);

    private readonly ManualTimeProvider _time = new();
    private TestBroker _broker = null!;
    private RawClient _client = null!;

    public async Task InitializeAsync()
    {
        var platform = new BrokerPlatform { Loggers = NullLoggerFactory.Instance, Time = _time };
        _broker = await TestBroker.StartAsync(platform, ("log.retention.check.interval.ms", "10000"), ("log.retention.ms", "3600000"));
        _client = await _broker.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task RetentionMs_TimePasses_OldOffsetsAreOutOfRangeAndNewOnesRead()
    {
        await CreateAsync("t", ("retention.ms", "60000"));
        await ProduceAsync("t");
        _time.Advance(TimeSpan.FromSeconds(50));
        await ProduceAsync("t");
        Assert.Equal(0, await OffsetAsync("t", -2));

        _time.Advance(TimeSpan.FromSeconds(25));

        Assert.Equal((1, 2), (await OffsetAsync("t", -2), await OffsetAsync("t", -1)));
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await FetchAsync("t", 0)).ErrorCode);
        FetchResponse.PartitionData read = await FetchAsync("t", 1);
        Assert.Equal((ErrorCode.None, 1), (read.ErrorCode, read.LogStartOffset));

        // The active segment expires as well: an idle topic does not keep its last records for ever.
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((2, 2), (await OffsetAsync("t", -2), await OffsetAsync("t", -1)));
        Assert.Equal(ErrorCode.None, (await FetchAsync("t", 2)).ErrorCode);
        Assert.Equal(2, await ProduceAsync("t"));
    }

    [Fact]
    public async Task RetentionMs_ChangedWhileRunning_CountsFromTheNextCheckOn()
    {
        await CreateAsync("t", ("retention.ms", "-1"));
        await ProduceAsync("t");
        await ProduceAsync("t");
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, await OffsetAsync("t", -2));

        await AlterAsync(Topic, "t", "retention.ms", "1000");
        _time.Advance(OneCheck);

        Assert.Equal(2, await OffsetAsync("t", -2));
    }

    [Fact]
    public async Task BrokerDefaults_ChangedWhileRunning_CountForTopicsThatSetNoneThemselves()
    {
        await CreateAsync("plain");
        await CreateAsync("own", ("retention.ms", "7200000"));
        foreach (string topic in new[] { "plain", "own" }) await ProduceAsync(topic);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal((0, 0), (await OffsetAsync("plain", -2), await OffsetAsync("own", -2)));

        await AlterAsync(Broker, "", "log.retention.ms", "1000");
        _time.Advance(OneCheck);

        Assert.Equal((1, 0), (await OffsetAsync("plain", -2), await OffsetAsync("own", -2)));
    }

    [Fact]
    public async Task BrokerDefaultForBytes_ChangedWhileRunning_ShortensLogs()
    {
        await CreateAsync("t");
        for (int i = 0; i < 4; i++) await ProduceAsync("t");
        await AlterAsync(Broker, "", "log.retention.bytes", "100");
        _time.Advance(OneCheck);
        Assert.Equal(2, await OffsetAsync("t", -2));
    }

    [Fact]
    public async Task CleanupPolicy_CompactThenDelete_DeletesFromThenOn()
    {
        await CreateAsync("t", ("cleanup.policy", "compact"), ("retention.ms", "1000"));
        await ProduceAsync("t");
        _time.Advance(OneCheck);
        Assert.Equal(0, await OffsetAsync("t", -2));

        await AlterAsync(Topic, "t", "cleanup.policy", "compact,delete");
        _time.Advance(OneCheck);
        Assert.Equal(1, await OffsetAsync("t", -2));
    }

    [Fact]
    public async Task SegmentMs_ChangedWhileRunning_RollsAtTheNextAppend()
    {
        await _broker.CreateTopicAsync("t");
        await ProduceAsync("t");
        _time.Advance(TimeSpan.FromSeconds(30));
        await ProduceAsync("t");
        Assert.Single(Segments("t"));

        await AlterAsync(Topic, "t", "segment.ms", "20000");
        await ProduceAsync("t");

        Assert.Equal(2, Segments("t").Length);
    }

    [Fact]
    public async Task LogStart_AfterRetentionAndCrash_StaysWhereItWas()
    {
        await CreateAsync("t", ("retention.ms", "1000"));
        for (int i = 0; i < 3; i++) await ProduceAsync("t");
        _time.Advance(OneCheck);
        Assert.Equal(3, await OffsetAsync("t", -2));
        await _client.DisposeAsync();
        await _broker.CrashAsync();
        _client = await _broker.ConnectAsync();
        Assert.Equal((3, 3), (await OffsetAsync("t", -2), await OffsetAsync("t", -1)));
    }

    /// <summary>A topic that gives every batch a segment of its own.</summary>
    private Task<Guid> CreateAsync(string topic, params (string Name, string Value)[] configs) =>
        _broker.CreateTopicAsync(topic, 1, [("segment.bytes", "150"), .. configs]);

    private string[] Segments(string topic) => Directory.GetFiles(Path.Combine(_broker.LogDirectory, $"{topic}-0"), "*.log");

    private async Task<long> ProduceAsync(string topic)
    {
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(
            new ProduceRequest
            {
                Acks = 1,
                TimeoutMs = 1000,
                TopicData = [new() { Name = topic, PartitionData = [new() { Records = new RecordsData(Records.Batch(time: _time.GetUtcNow().ToUnixTimeMilliseconds())) }] }],
            },
            version: 9);
        ProduceResponse.PartitionProduceResponse answer = response.Responses[0].PartitionResponses[0];
        Assert.Equal(ErrorCode.None, answer.ErrorCode);
        return answer.BaseOffset;
    }

    private async Task<long> OffsetAsync(string topic, long timestamp)
    {
        ListOffsetsResponse response = await _client.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = topic, Partitions = [new() { Timestamp = timestamp }] }] }, version: 5);
        return response.Topics[0].Partitions[0].Offset;
    }

    private async Task<FetchResponse.PartitionData> FetchAsync(string topic, long offset) => (await _client.CallAsync<FetchResponse>(
        new FetchRequest
        {
            MaxBytes = 1 << 20,
            Topics = [new() { Topic = topic, Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = 1 << 20 }] }],
        },
        version: 11)).Responses[0].Partitions[0];

    private async Task AlterAsync(sbyte type, string name, string setting, string value)
    {
        IncrementalAlterConfigsResponse response = await _client.CallAsync<IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources = [new() { ResourceType = type, ResourceName = name, Configs = [new() { Name = setting, ConfigOperation = 0, Value = value }] }],
            },
            version: 1);
        Assert.Equal((ErrorCode.None, null), (response.Responses[0].ErrorCode, response.Responses[0].ErrorMessage));
    }
}
