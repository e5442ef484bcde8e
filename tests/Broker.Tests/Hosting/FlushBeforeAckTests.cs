using KBroker.Broker.Hosting;
using KBroker.Broker.Tests.Handlers;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Hosting;

public sealed class FlushBeforeAckTests : IAsyncLifetime
{
    private readonly FailingFileSystem _disk = new();
    private readonly ManualTimeProvider _time = new();
    private readonly DirectoryInfo _logs = Directory.CreateTempSubdirectory("kbroker-durable-");
    private TestBroker _broker = null!;
    private RawClient _client = null!;
    private RawClient _reader = null!;

    public async Task InitializeAsync()
    {
        var platform = new BrokerPlatform { Loggers = NullLoggerFactory.Instance, FileSystem = _disk, Time = _time };
        _broker = await TestBroker.StartAsync(platform, ("log.dirs", _logs.FullName));
        _client = await _broker.ConnectAsync();
        _reader = await _broker.ConnectAsync();
        await _broker.CreateTopicAsync("durable", 1, ("kbroker.flush.before.ack", "true"));
        await _broker.CreateTopicAsync("each", 1, ("flush.messages", "1"));
        await _broker.CreateTopicAsync("plain");
    }

    public async Task DisposeAsync()
    {
        _disk.ReleaseFlushes();
        await _client.DisposeAsync();
        await _reader.DisposeAsync();
        await _broker.DisposeAsync();
        _logs.Delete(recursive: true);
    }

    [Theory]
    [InlineData("durable", 1)]
    [InlineData("durable", -1)]
    [InlineData("each", 1)]
    [InlineData("each", -1)]
    public async Task Produce_TopicFlushesFirst_IsAnsweredAfterTheFlush(string topic, short acks)
    {
        Assert.Equal(ErrorCode.None, await ProduceAsync(topic, acks));
        _disk.HoldFlushes();
        Task<ErrorCode> produced = ProduceAsync(topic, acks);
        await Eventually.TrueAsync(() => Task.FromResult(_disk.HeldFlushes > 0), "the flush begins");
        Assert.False(produced.IsCompleted);
        // Consumers do not see what the power could take away; flush.messages promises nothing about that.
        Assert.Equal(topic == "durable" ? 1 : 2, await HighWatermarkAsync(topic));

        _disk.ReleaseFlushes();

        Assert.Equal(ErrorCode.None, await produced);
        Assert.Equal(2, await HighWatermarkAsync(topic));
    }

    [Fact]
    public async Task Produce_OtherTopicOrNoAnswerWanted_DoesNotWaitForTheFlush()
    {
        _disk.HoldFlushes();

        Assert.Equal(ErrorCode.None, await ProduceAsync("plain", 1));
        await _client.SendAsync(Request("durable", acks: 0), version: 9);
        Assert.Equal(ErrorCode.None, await ProduceAsync("plain", -1));
    }

    [Fact]
    public async Task Produce_FlushTakesLongerThanTheTimeout_TimesOut()
    {
        _disk.HoldFlushes();
        Task<ErrorCode> produced = ProduceAsync("durable", 1);
        await Eventually.TrueAsync(() => Task.FromResult(_disk.HeldFlushes > 0), "the flush begins");
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(produced.IsCompleted);
            },
            "the deadline passes");

        Assert.Equal(ErrorCode.RequestTimedOut, await produced);
    }

    [Theory]
    [InlineData("durable", 1)]
    [InlineData("durable", -1)]
    [InlineData("each", 1)]
    public async Task Produce_FlushFails_IsAnErrorAndNothingIsAcknowledgedFromThereAgain(string topic, short acks)
    {
        Assert.Equal(ErrorCode.None, await ProduceAsync(topic, acks));

        _disk.FailFlushesBelow(Path.Combine(_logs.FullName, topic));
        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(topic, acks));
        _disk.Recover();

        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(topic, acks));
        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync("plain", 1));
    }

    [Fact]
    public async Task AlterConfigs_SettingTurnedOnAndOff_AppliesFromThenOn()
    {
        await AlterAsync("plain", "true");
        _disk.HoldFlushes();
        Task<ErrorCode> produced = ProduceAsync("plain", 1);
        await Eventually.TrueAsync(() => Task.FromResult(_disk.HeldFlushes > 0), "the flush begins");
        Assert.False(produced.IsCompleted);
        Assert.Equal(0, await HighWatermarkAsync("plain"));
        _disk.ReleaseFlushes();
        Assert.Equal(ErrorCode.None, await produced);

        await AlterAsync("plain", "false");
        _disk.HoldFlushes();
        Assert.Equal(ErrorCode.None, await ProduceAsync("plain", 1));
        Assert.Equal(2, await HighWatermarkAsync("plain"));
    }

    [Fact]
    public async Task Restart_UnflushedRecords_AreShownAgainWithoutAnAppend()
    {
        Assert.Equal(ErrorCode.None, await ProduceAsync("plain", 1));
        await AlterAsync("plain", "true");
        await _client.DisposeAsync();
        await _reader.DisposeAsync();

        await _broker.CrashAsync();
        _client = await _broker.ConnectAsync();
        _reader = await _broker.ConnectAsync();

        await Eventually.TrueAsync(async () => await HighWatermarkAsync("plain") == 1, "what was recovered is flushed and shown");
    }

    private async Task AlterAsync(string topic, string value)
    {
        IncrementalAlterConfigsResponse response = await _reader.CallAsync<IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources = [new() { ResourceType = 2, ResourceName = topic, Configs = [new() { Name = "kbroker.flush.before.ack", Value = value }] }],
            },
            version: 1);
        Assert.Equal(ErrorCode.None, response.Responses[0].ErrorCode);
    }

    private async Task<ErrorCode> ProduceAsync(string topic, short acks)
    {
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(Request(topic, acks), version: 9);
        return response.Responses[0].PartitionResponses[0].ErrorCode;
    }

    private static ProduceRequest Request(string topic, short acks) => new()
    {
        Acks = acks,
        TimeoutMs = 5000,
        TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = new RecordsData(Records.Batch()) }] }],
    };

    private async Task<long> HighWatermarkAsync(string topic)
    {
        FetchResponse response = await _reader.CallAsync<FetchResponse>(
            new FetchRequest
            {
                MaxBytes = 1 << 20,
                Topics = [new() { Topic = topic, Partitions = [new() { Partition = 0, PartitionMaxBytes = 1 << 20 }] }],
            },
            version: 11);
        return response.Responses[0].Partitions[0].HighWatermark;
    }
}
