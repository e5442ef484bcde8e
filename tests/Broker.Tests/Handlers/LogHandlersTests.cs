using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>DeleteRecords, OffsetForLeaderEpoch and DescribeLogDirs, against a whole broker.</summary>
public sealed class LogHandlersTests(SharedBroker broker) : IClassFixture<SharedBroker>
{
    [Fact]
    public async Task DeleteRecords_UpToAnOffset_RaisesTheStart()
    {
        await broker.Rig.CreateAsync("trimmed");
        await broker.Rig.ProduceAsync("trimmed", 1, 2, 3, 4, 5);
        Assert.Equal((ErrorCode.None, 3), await DeleteAsync("trimmed", 0, 3));
        Assert.Equal((ErrorCode.None, 3), await DeleteAsync("trimmed", 0, 1));
        Assert.Equal((ErrorCode.OffsetOutOfRange, -1), await DeleteAsync("trimmed", 0, 6));
        Assert.Equal((ErrorCode.OffsetOutOfRange, -1), await DeleteAsync("trimmed", 0, -2));
        Assert.Equal((ErrorCode.None, 5), await DeleteAsync("trimmed", 0, -1));
    }

    [Fact]
    public async Task DeleteRecords_WhereItIsNotAllowed_IsRefused()
    {
        await broker.Rig.CreateAsync("compacted", 1, ("cleanup.policy", "compact"));
        await broker.Rig.CreateAsync("__consumer_offsets");
        Assert.Equal((ErrorCode.PolicyViolation, -1), await DeleteAsync("compacted", 0, 0));
        Assert.Equal((ErrorCode.InvalidTopicException, -1), await DeleteAsync("__consumer_offsets", 0, 0));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, -1), await DeleteAsync("compacted", 1, 0));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, -1), await DeleteAsync("not-there", 0, 0));
    }

    [Fact]
    public async Task DeleteRecords_NamedTwice_IsDoneOnce()
    {
        await broker.Rig.CreateAsync("trimmed-twice");
        await broker.Rig.ProduceAsync("trimmed-twice", 1, 2, 3);
        DeleteRecordsRequest.DeleteRecordsTopic topic = new()
        {
            Name = "trimmed-twice",
            Partitions = [new() { PartitionIndex = 0, Offset = 1 }, new() { PartitionIndex = 0, Offset = 2 }],
        };
        DeleteRecordsResponse answer = await broker.Rig.CallAsync<DeleteRecordsResponse>(
            new DeleteRecordsRequest { Topics = [topic, topic], TimeoutMs = 10_000 }, 2);
        Assert.Equal(2, Assert.Single(Assert.Single(answer.Topics).Partitions).LowWatermark);
    }

    [Fact]
    public async Task DeleteRecords_BrokerCrashes_RecordsDoNotComeBack()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        await rig.CreateAsync("kept-away");
        await rig.ProduceAsync("kept-away", 1, 2, 3, 4);
        await rig.CallAsync<DeleteRecordsResponse>(
            new DeleteRecordsRequest { Topics = [new() { Name = "kept-away", Partitions = [new() { PartitionIndex = 0, Offset = 3 }] }], TimeoutMs = 10_000 }, 2);
        await rig.CrashAndRestartAsync();
        ListOffsetsResponse start = await rig.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = "kept-away", Partitions = [new() { PartitionIndex = 0, Timestamp = -2 }] }] }, 7);
        Assert.Equal(3, start.Topics[0].Partitions[0].Offset);
    }

    [Fact]
    public async Task OffsetForLeaderEpoch_KnownEpoch_EndsAtTheLogEnd()
    {
        await broker.Rig.CreateAsync("terms");
        await broker.Rig.ProduceAsync("terms", 1, 2, 3);
        Assert.Equal((ErrorCode.None, 0, 3), await EpochAsync("terms", 0, epoch: 0));
        Assert.Equal((ErrorCode.None, -1, -1), await EpochAsync("terms", 0, epoch: int.MaxValue));
        Assert.Equal((ErrorCode.None, -1, -1), await EpochAsync("terms", 0, epoch: int.MinValue));
        Assert.Equal((ErrorCode.UnknownLeaderEpoch, -1, -1), await EpochAsync("terms", 0, epoch: 0, current: 4));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, -1, -1), await EpochAsync("terms", 7, epoch: 0));
    }

    [Fact]
    public async Task DescribeLogDirs_Directory_TellsSizesAndTheDisk()
    {
        await broker.Rig.CreateAsync("sized", 2);
        await broker.Rig.ProduceAsync("sized", 1, 2, 3);
        DescribeLogDirsResponse.DescribeLogDirsResult directory = Assert.Single(await DirectoriesAsync(
            [new() { Topic = "sized", Partitions = [0, 5] }, new() { Topic = "not-there", Partitions = [0] }]));
        Assert.Equal((ErrorCode.None, broker.Rig.LogDirectory, false), (directory.ErrorCode, directory.LogDir, directory.IsCordoned));
        Assert.True(directory.TotalBytes > directory.UsableBytes && directory.UsableBytes > 0);
        DescribeLogDirsResponse.DescribeLogDirsPartition partition = Assert.Single(Assert.Single(directory.Topics).Partitions);
        Assert.True(partition is { PartitionIndex: 0, PartitionSize: > 60, OffsetLag: 0, IsFutureKey: false });
    }

    [Fact]
    public async Task DescribeLogDirs_NullOrEmptyTopics_MeanAllOrNone()
    {
        await broker.Rig.CreateAsync("listed", 3);
        Assert.Contains((await DirectoriesAsync(null))[0].Topics, topic => topic.Name == "listed" && topic.Partitions.Length == 3);
        Assert.Empty((await DirectoriesAsync([]))[0].Topics);
    }

    private async Task<(ErrorCode Error, long LowWatermark)> DeleteAsync(string topic, int partition, long offset)
    {
        DeleteRecordsResponse answer = await broker.Rig.CallAsync<DeleteRecordsResponse>(
            new DeleteRecordsRequest { Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Offset = offset }] }], TimeoutMs = 10_000 }, 2);
        DeleteRecordsResponse.DeleteRecordsPartitionResult result = answer.Topics[0].Partitions[0];
        return (result.ErrorCode, result.LowWatermark);
    }

    private async Task<(ErrorCode Error, int Epoch, long EndOffset)> EpochAsync(string topic, int partition, int epoch, int current = -1)
    {
        OffsetForLeaderEpochResponse answer = await broker.Rig.CallAsync<OffsetForLeaderEpochResponse>(
            new OffsetForLeaderEpochRequest
            {
                ReplicaId = -1,
                Topics = [new() { Topic = topic, Partitions = [new() { Partition = partition, LeaderEpoch = epoch, CurrentLeaderEpoch = current }] }],
            },
            4);
        OffsetForLeaderEpochResponse.EpochEndOffset end = answer.Topics[0].Partitions[0];
        return (end.ErrorCode, end.LeaderEpoch, end.EndOffset);
    }

    private async Task<DescribeLogDirsResponse.DescribeLogDirsResult[]> DirectoriesAsync(DescribeLogDirsRequest.DescribableLogDirTopic[]? topics) =>
        (await broker.Rig.CallAsync<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = topics }, 5)).Results;
}
