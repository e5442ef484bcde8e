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

        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(lost));
        Assert.Equal(ErrorCode.KafkaStorageError, await FetchAsync(lost));
        Assert.Equal(ErrorCode.KafkaStorageError, await ListOffsetAsync(lost));
        await AssertOfflineAsync(PartitionsIn(_second), PartitionsIn(_first));
        Assert.Equal(ErrorCode.None, await ProduceAsync(PartitionsIn(_first)[0]));
        Assert.DoesNotContain(lost, PartitionsIn(_first));

        _disk.Recover();
        await _client.DisposeAsync();
        await _broker.RestartAsync();
        _client = await _broker.ConnectAsync();
        Assert.Equal(1, await EndOffsetAsync(lost));
    }

    [Fact]
    public async Task Fetch_DiskDoesNotGiveBackWhatItHolds_ItsPartitionsGoOfflineAndTheOthersServe()
    {
        int bad = PartitionsIn(_second)[0];
        int good = PartitionsIn(_first)[0];
        foreach (int partition in new[] { bad, good }) Assert.Equal(ErrorCode.None, await ProduceAsync(partition));

        _disk.FailReadsBelow(_second.FullName);
        Assert.Equal(ErrorCode.KafkaStorageError, await FetchAsync(bad));
        _disk.Recover();

        Assert.Equal(ErrorCode.KafkaStorageError, await FetchAsync(bad));
        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(bad));
        Assert.Equal((ErrorCode.None, ErrorCode.None), (await FetchAsync(good), await ProduceAsync(good)));
        await AssertOfflineAsync(PartitionsIn(_second), PartitionsIn(_first));
    }

    [Fact]
    public async Task Fetch_DiskDoesNotGiveWhatTheSystemIsToSend_ItsPartitionsGoOffline()
    {
        int bad = PartitionsIn(_second)[0];
        Assert.Equal(ErrorCode.None, await ProduceAsync(bad, valueSize: 200_000));

        // The front of the batch is there, so that its way to the client begins.
        _disk.FailReadsBelow(_second.FullName, readable: 10_000);
        await Assert.ThrowsAnyAsync<Exception>(() => FetchAsync(bad));
        _disk.Recover();
        await _client.DisposeAsync();
        _client = await _broker.ConnectAsync();

        await AssertOfflineAsync(PartitionsIn(_second), PartitionsIn(_first));
        Assert.Equal(ErrorCode.KafkaStorageError, await FetchAsync(bad));
        Assert.Equal(ErrorCode.None, await ProduceAsync(PartitionsIn(_first)[0]));
    }

    [Fact]
    public async Task CreateTopic_OneDiskFailed_GoesToTheOther()
    {
        _disk.FailWritesBelow(_second.FullName);
        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(PartitionsIn(_second)[0]));
        await _broker.CreateTopicAsync("late", partitions: 6);
        for (int i = 0; i < 6; i++) Assert.Equal(ErrorCode.None, await ProduceAsync(i, "late"));
        Assert.Equal(6, _first.GetDirectories("late-*").Length);
    }

    [Fact]
    public async Task CreateTopic_DeletedWhileItsDiskWasOffline_BeginsOnTheOtherAndStaysWhenTheDiskIsBack()
    {
        int lost = PartitionsIn(_second)[0];
        for (int i = 0; i < 3; i++) Assert.Equal(ErrorCode.None, await ProduceAsync(lost));
        _disk.FailWritesBelow(_second.FullName);
        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(lost));

        await _client.CallAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { Topics = [new() { Name = "t" }], TimeoutMs = 10_000 }, version: 6);
        await _broker.CreateTopicAsync("t", partitions: 4);
        for (int i = 0; i < 4; i++) Assert.Equal(ErrorCode.None, await ProduceAsync(i));
        Assert.Equal(1, await EndOffsetAsync(lost));

        _disk.Recover();
        await _client.DisposeAsync();
        await _broker.RestartAsync();
        _client = await _broker.ConnectAsync();
        for (int i = 0; i < 4; i++) Assert.Equal((1, ErrorCode.None), (await EndOffsetAsync(i), await ProduceAsync(i)));
        Assert.All(Enumerable.Range(0, 4), i => Assert.True(Directory.Exists(Path.Combine(_first.FullName, $"t-{i}"))));
        Assert.Equal(2, _second.GetDirectories("t-*-stray").Length);
    }

    [Fact]
    public async Task CreateTopic_DiskFailsAtIt_AllPartitionsGoToTheOther()
    {
        _disk.FailWritesBelow(_second.FullName);
        await _broker.CreateTopicAsync("late", partitions: 6);
        for (int i = 0; i < 6; i++) Assert.Equal(ErrorCode.None, await ProduceAsync(i, "late"));
    }

    [Fact]
    public async Task AllDisksFail_BrokerSaysThatItCannotGoOn()
    {
        _disk.FailWritesBelow(_second.FullName);
        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(PartitionsIn(_second)[0]));
        await AssertOfflineAsync(PartitionsIn(_second), PartitionsIn(_first));
        Assert.False(_broker.Host.Failed.IsCompleted);

        _disk.FailWritesBelow(_first.FullName);
        Assert.Equal(ErrorCode.KafkaStorageError, await ProduceAsync(PartitionsIn(_first)[0]));

        string reason = await _broker.Host.Failed.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Contains("all log directories have failed", reason, StringComparison.Ordinal);
        Assert.Contains(_first.FullName, reason, StringComparison.Ordinal);
    }

    /// <summary>Metadata and DescribeLogDirs tell of some partitions as offline and of the others as well.</summary>
    private async Task AssertOfflineAsync(int[] offline, int[] online)
    {
        await Eventually.TrueAsync(
            async () => (await DescribeAsync()).All(partition => partition.OfflineReplicas.Length == (offline.Contains(partition.PartitionIndex) ? 1 : 0)),
            "the replicas on the failed disk are offline");
        foreach (MetadataResponse.MetadataResponsePartition partition in await DescribeAsync())
        {
            bool isOffline = offline.Contains(partition.PartitionIndex);
            Assert.Equal(isOffline ? ErrorCode.LeaderNotAvailable : ErrorCode.None, partition.ErrorCode);
            Assert.Equal(isOffline, partition.LeaderId == -1);
            Assert.True(isOffline || online.Contains(partition.PartitionIndex));
        }

        DescribeLogDirsResponse directories = await _client.CallAsync<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, version: 4);
        Assert.Equal(
            [(_first.FullName, ErrorCode.None), (_second.FullName, ErrorCode.KafkaStorageError)],
            directories.Results.Select(directory => (directory.LogDir, directory.ErrorCode)).Order());
    }

    private async Task<MetadataResponse.MetadataResponsePartition[]> DescribeAsync() => (await _client.CallAsync<MetadataResponse>(
        new MetadataRequest { Topics = [new() { Name = "t" }] }, version: 9)).Topics[0].Partitions;

    private async Task<ErrorCode> FetchAsync(int partition) => (await _client.CallAsync<FetchResponse>(
        new FetchRequest { MaxBytes = 1 << 20, Topics = [new() { Topic = "t", Partitions = [new() { Partition = partition, PartitionMaxBytes = 1 << 20 }] }] },
        version: 11)).Responses[0].Partitions[0].ErrorCode;

    private async Task<ErrorCode> ListOffsetAsync(int partition) => (await _client.CallAsync<ListOffsetsResponse>(
        new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = partition, Timestamp = -2 }] }] },
        version: 5)).Topics[0].Partitions[0].ErrorCode;

    private static int[] PartitionsIn(DirectoryInfo directory) =>
        [.. directory.GetDirectories("t-*").Select(one => one.Name[2] - '0').Order()];

    private async Task<ErrorCode> ProduceAsync(int partition, string topic = "t", int valueSize = 20)
    {
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(
            new ProduceRequest
            {
                Acks = 1,
                TimeoutMs = 1000,
                TopicData = [new() { Name = topic, PartitionData = [new() { Index = partition, Records = new RecordsData(Records.Batch(valueSize: valueSize)) }] }],
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
