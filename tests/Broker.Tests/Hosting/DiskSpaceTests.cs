using KBroker.Broker.Hosting;
using KBroker.Broker.Tests.Handlers;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Hosting;

/// <summary>A disk that runs short of space, as clients see it.</summary>
public sealed class DiskSpaceTests : IAsyncLifetime
{
    private readonly FailingFileSystem _disk = new() { Free = 1 << 30 };
    private readonly ManualTimeProvider _time = new();
    private TestBroker _broker = null!;
    private RawClient _client = null!;

    public async Task InitializeAsync()
    {
        var platform = new BrokerPlatform { Loggers = NullLoggerFactory.Instance, FileSystem = _disk, Time = _time };
        _broker = await TestBroker.StartAsync(
            platform, ("kbroker.log.dir.free.low.bytes", "1000000"), ("kbroker.log.dir.free.min.bytes", "100000"));
        _client = await _broker.ConnectAsync();
        await _broker.CreateTopicAsync("t", 1, ("segment.bytes", "150"));
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Theory]
    [InlineData(999_999)]
    [InlineData(99_999)]
    [InlineData(0)]
    public async Task Produce_SpaceRunsShort_IsRefusedWhileReadsAndDeletesGoOnUntilItReturns(long free)
    {
        for (int i = 0; i < 3; i++) Assert.Equal(ErrorCode.None, (await ProduceAsync()).ErrorCode);

        SetFree(free);
        ProduceResponse.PartitionProduceResponse refused = await ProduceAsync();
        Assert.Equal(ErrorCode.KafkaStorageError, refused.ErrorCode);
        Assert.Contains("kbroker.log.dir.free.low.bytes", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal((ErrorCode.None, 3), await FetchAsync(0));

        await DeleteRecordsAsync(2);
        Assert.Equal((ErrorCode.OffsetOutOfRange, -1), await FetchAsync(0));
        Assert.Equal((ErrorCode.None, 3), await FetchAsync(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(Directory.GetFiles(Path.Combine(_broker.LogDirectory, "t-0"), "*.log*"));

        SetFree(1_099_999);
        Assert.Equal(ErrorCode.KafkaStorageError, (await ProduceAsync()).ErrorCode);
        SetFree(1_100_000);
        Assert.Equal((ErrorCode.None, 3), ((await ProduceAsync()).ErrorCode, (await FetchAsync(2)).HighWatermark - 1));
    }

    [Fact]
    public async Task Marks_ChangedWhileRunning_CountFromTheNextLookOn()
    {
        SetFree(500_000);
        Assert.Equal(ErrorCode.KafkaStorageError, (await ProduceAsync()).ErrorCode);
        foreach (string name in new[] { "kbroker.log.dir.free.low.bytes", "kbroker.log.dir.free.min.bytes" })
        {
            IncrementalAlterConfigsResponse response = await _client.CallAsync<IncrementalAlterConfigsResponse>(
                new IncrementalAlterConfigsRequest { Resources = [new() { ResourceType = 4, ResourceName = "", Configs = [new() { Name = name, Value = "0" }] }] }, 1);
            Assert.Equal((ErrorCode.None, null), (response.Responses[0].ErrorCode, response.Responses[0].ErrorMessage));
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.None, (await ProduceAsync()).ErrorCode);
    }

    [Fact]
    public async Task CreateTopic_NoRoomAtAll_IsServedOnceThereIs()
    {
        SetFree(10);
        await _broker.CreateTopicAsync("late");
        Assert.NotEqual(ErrorCode.None, (await ProduceAsync("late")).ErrorCode);
        SetFree(1 << 30);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(ErrorCode.None, (await ProduceAsync("late")).ErrorCode);
    }

    private void SetFree(long bytes)
    {
        _disk.Free = bytes;
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    private async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(string topic = "t") => (await _client.CallAsync<ProduceResponse>(
        new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 1000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Records = new RecordsData(Records.Batch()) }] }],
        },
        version: 9)).Responses[0].PartitionResponses[0];

    private async Task<(ErrorCode Error, long HighWatermark)> FetchAsync(long offset)
    {
        FetchResponse.PartitionData read = (await _client.CallAsync<FetchResponse>(
            new FetchRequest { MaxBytes = 1 << 20, Topics = [new() { Topic = "t", Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = 1 << 20 }] }] },
            version: 11)).Responses[0].Partitions[0];
        return (read.ErrorCode, read.HighWatermark);
    }

    private async Task DeleteRecordsAsync(long before)
    {
        DeleteRecordsResponse response = await _client.CallAsync<DeleteRecordsResponse>(
            new DeleteRecordsRequest { TimeoutMs = 1000, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = before }] }] }, 2);
        Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
    }
}
