using KBroker.Broker.Hosting;
using KBroker.Broker.Tests.Handlers;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Hosting;

public sealed class DiskFailureTests : IAsyncLifetime
{
    private readonly FailingFileSystem _disk = new();
    private readonly ManualTimeProvider _time = new();
    private readonly DirectoryInfo _second = Directory.CreateTempSubdirectory("kbroker-second-");
    private readonly DirectoryInfo _first = Directory.CreateTempSubdirectory("kbroker-first-");
    private TestBroker _broker = null!;
    private RawClient _client = null!;

    public async Task InitializeAsync()
    {
        var platform = new BrokerPlatform { Loggers = NullLoggerFactory.Instance, FileSystem = _disk, Time = _time };
        _broker = await TestBroker.StartAsync(platform, ("log.dirs", $"{_first.FullName},{_second.FullName}"));
        _client = await _broker.ConnectAsync();
        await _broker.CreateTopicAsync("t", partitions: 4);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
        _first.Delete(recursive: true);
        _second.Delete(recursive: true);
    }

    [Fact]
    public async Task Produce_OneDiskFails_ItsPartitionsGoOfflineAndTheOthersServe()
    {
        int[] onSecond = PartitionsIn(_second);
        Assert.Equal(2, onSecond.Length);

        _disk.FailWritesBelow(_second.FullName);
        foreach (int partition in onSecond) Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(partition));
        _disk.Recover();

        // A disk that failed once is not trusted again: nothing is acknowledged from it, though it would work now.
        foreach (int partition in onSecond) Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(partition));
        foreach (int partition in PartitionsIn(_first)) Assert.Equal(ErrorCode.None, await ProduceAsync(partition));
    }

    [Fact]
    public async Task Produce_DiskFullForAWhile_IsRefusedAndGoesOnAfterwards()
    {
        int partition = PartitionsIn(_first)[0];
        Assert.Equal(ErrorCode.None, await ProduceAsync(partition));

        _disk.FillUp(_first.FullName);
        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(partition));
        _disk.Recover();

        Assert.Equal(ErrorCode.None, await ProduceAsync(partition));
        Assert.Equal(2, await EndOffsetAsync(partition));
    }

    [Fact]
    public async Task CreateTopic_DiskFullForAWhile_IsServedOnceThereIsRoom()
    {
        _disk.FillUp(_first.FullName);
        _disk.FillUp(_second.FullName);
        await _broker.CreateTopicAsync("late");
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await ProduceAsync(0, "late"));

        _disk.Recover();
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(ErrorCode.None, await ProduceAsync(0, "late"));
    }

    [Fact]
    public async Task Restart_OneDiskIsGone_ItsPartitionsAreNotBegunAnewElsewhere()
    {
        int lost = PartitionsIn(_second)[0];
        Assert.Equal(ErrorCode.None, await ProduceAsync(lost));
        await _client.DisposeAsync();

        _disk.FailWritesBelow(_second.FullName);
        await _broker.RestartAsync();
        _client = await _broker.ConnectAsync();

        Assert.NotEqual(ErrorCode.None, await ProduceAsync(lost));
        Assert.Equal(ErrorCode.None, await ProduceAsync(PartitionsIn(_first)[0]));
        Assert.DoesNotContain(lost, PartitionsIn(_first));

        _disk.Recover();
        await _client.DisposeAsync();
        await _broker.RestartAsync();
        _client = await _broker.ConnectAsync();
        Assert.Equal(1, await EndOffsetAsync(lost));
    }

    private static int[] PartitionsIn(DirectoryInfo directory) =>
        [.. directory.GetDirectories("t-*").Select(one => one.Name[2] - '0').Order()];

    private async Task<ErrorCode> ProduceAsync(int partition, string topic = "t")
    {
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(
            new ProduceRequest
            {
                Acks = 1,
                TimeoutMs = 1000,
                TopicData = [new() { Name = topic, PartitionData = [new() { Index = partition, Records = new RecordsData(Records.Batch()) }] }],
            },
            version: 9);
        return response.Responses[0].PartitionResponses[0].ErrorCode;
    }

    private async Task<long> EndOffsetAsync(int partition)
    {
        FetchResponse response = await _client.CallAsync<FetchResponse>(
            new FetchRequest
            {
                MaxBytes = 1 << 20,
                Topics = [new() { Topic = "t", Partitions = [new() { Partition = partition, PartitionMaxBytes = 1 << 20 }] }],
            },
            version: 11);
        return response.Responses[0].Partitions[0].HighWatermark;
    }
}
