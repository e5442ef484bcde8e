using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

public sealed class ListOffsetsHandlerTests(SharedBroker broker) : IClassFixture<SharedBroker>
{
    private const short Latest = 11;

    [Fact]
    public async Task ListOffsets_EachPosition_IsFound()
    {
        // Offsets 0-5; the largest timestamp is that of offset 2.
        await broker.Rig.CreateAsync("positions");
        await broker.Rig.ProduceAsync("positions", 100, 200, 900);
        await broker.Rig.ProduceAsync("positions", 300, 400, 500);

        Assert.Equal((0, -1), await FindAsync("positions", -2));
        Assert.Equal((6, -1), await FindAsync("positions", -1));
        Assert.Equal((2, 900), await FindAsync("positions", -3));
        Assert.Equal((0, -1), await FindAsync("positions", -4));
        Assert.Equal((-1, -1), await FindAsync("positions", -5));
        Assert.Equal((-1, -1), await FindAsync("positions", -6));
        Assert.Equal((0, 100), await FindAsync("positions", 0));
        Assert.Equal((1, 200), await FindAsync("positions", 150));
        Assert.Equal((2, 900), await FindAsync("positions", 201));
        Assert.Equal((-1, -1), await FindAsync("positions", 901));
        Assert.Equal((-1, -1), await FindAsync("positions", long.MaxValue));
    }

    [Theory]
    [InlineData(-3, 6, 7)]
    [InlineData(-4, 7, 8)]
    [InlineData(-5, 8, 9)]
    [InlineData(-6, 10, 11)]
    public async Task ListOffsets_PositionTheVersionDoesNotKnow_IsUnsupported(long timestamp, short before, short from)
    {
        await broker.Rig.CreateAsync($"known{-timestamp}");
        Assert.Equal(ErrorCode.UnsupportedVersion, (await AskAsync($"known{-timestamp}", timestamp, before)).ErrorCode);
        Assert.Equal(ErrorCode.None, (await AskAsync($"known{-timestamp}", timestamp, from)).ErrorCode);
    }

    [Theory]
    [InlineData(-7)]
    [InlineData(long.MinValue)]
    public async Task ListOffsets_OtherNegativeTimestamp_IsUnsupported(long timestamp)
    {
        await broker.Rig.CreateAsync($"negative{Math.Abs(timestamp + 1)}");
        Assert.Equal(ErrorCode.UnsupportedVersion, (await AskAsync($"negative{Math.Abs(timestamp + 1)}", timestamp, Latest)).ErrorCode);
    }

    [Fact]
    public async Task ListOffsets_LeaderEpoch_FencesAndIsTold()
    {
        await broker.Rig.CreateAsync("fenced");
        await broker.Rig.ProduceAsync("fenced", 1);
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, (await AskAsync("fenced", -1, Latest, leaderEpoch: 5)).ErrorCode);
        ListOffsetsResponse.ListOffsetsPartitionResponse found = await AskAsync("fenced", -1, Latest, leaderEpoch: 0);
        Assert.Equal((ErrorCode.None, 0), (found.ErrorCode, found.LeaderEpoch));
        Assert.Equal(-1, (await AskAsync("fenced", -1, 3)).LeaderEpoch);
    }

    [Fact]
    public async Task ListOffsets_UnknownPartition_IsSaid()
    {
        await broker.Rig.CreateAsync("one");
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await AskAsync("no-such-topic", -1, Latest)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await AskAsync("one", -1, Latest, partition: 1)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await AskAsync("one", -1, Latest, partition: -1)).ErrorCode);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-2)]
    [InlineData(7)]
    public async Task ListOffsets_AnyReplicaId_SeesTheEndOfALoneLeader(int replicaId)
    {
        string topic = $"replica{replicaId}";
        await broker.Rig.CreateAsync(topic);
        await broker.Rig.ProduceAsync(topic, 1, 2);
        Assert.Equal(2, (await AskAsync(topic, -1, Latest, replicaId: replicaId)).Offset);
    }

    [Fact]
    public async Task ListOffsets_ReadCommitted_SeesWhatIsStable()
    {
        await broker.Rig.CreateAsync("committed");
        await broker.Rig.ProduceAsync("committed", 1, 2);
        ListOffsetsResponse answer = await broker.Rig.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest { ReplicaId = -1, IsolationLevel = 1, Topics = [Topic("committed", (0, -1))] }, Latest);
        Assert.Equal(2, answer.Topics[0].Partitions[0].Offset);
    }

    [Fact]
    public async Task ListOffsets_PartitionNamedTwice_IsInvalidAndAnsweredOnce()
    {
        await broker.Rig.CreateAsync("twice", 2);
        ListOffsetsResponse answer = await broker.Rig.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest { ReplicaId = -1, Topics = [Topic("twice", (0, -1), (1, -1), (0, -2))] }, Latest);
        Assert.Equal(
            [(0, ErrorCode.InvalidRequest), (1, ErrorCode.None)],
            answer.Topics[0].Partitions.Select(partition => (partition.PartitionIndex, partition.ErrorCode)));
    }

    [Fact]
    public async Task ListOffsets_Version0_ListsSegmentsFromTheEnd()
    {
        await broker.Rig.CreateAsync("old-style", 1, ("segment.bytes", "100"));
        for (int i = 1; i <= 4; i++) await broker.Rig.ProduceAsync("old-style", 1000 * i);
        await HoldsAsync("old-style", -1, 3, 4, 3, 2);
        await HoldsAsync("old-style", -1, int.MaxValue, 4, 3, 2, 1, 0);
        await HoldsAsync("old-style", -2, 3, 0);
        await HoldsAsync("old-style", 2500, 3, 1, 0);
        await HoldsAsync("old-style", 999, 3);
        await HoldsAsync("old-style", -1, 0);
        await HoldsAsync("old-style", -1, -5);
    }

    private async Task HoldsAsync(string topic, long timestamp, int most, params long[] offsets)
    {
        long[] listed = await OldAsync(topic, timestamp, most);
        Assert.Equal(offsets, listed);
    }

    private static ListOffsetsRequest.ListOffsetsTopic Topic(string name, params (int Index, long Timestamp)[] partitions) => new()
    {
        Name = name,
        Partitions = [.. partitions.Select(partition => new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = partition.Index, Timestamp = partition.Timestamp })],
    };

    private async Task<(long Offset, long Timestamp)> FindAsync(string topic, long timestamp)
    {
        ListOffsetsResponse.ListOffsetsPartitionResponse found = await AskAsync(topic, timestamp, Latest);
        Assert.Equal(ErrorCode.None, found.ErrorCode);
        return (found.Offset, found.Timestamp);
    }

    private async Task<long[]> OldAsync(string topic, long timestamp, int most) => (await broker.Rig.CallAsync<ListOffsetsResponse>(
        new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, Timestamp = timestamp, MaxNumOffsets = most }] }],
        },
        0)).Topics[0].Partitions[0].OldStyleOffsets;

    private async Task<ListOffsetsResponse.ListOffsetsPartitionResponse> AskAsync(
        string topic, long timestamp, short version, int partition = 0, int leaderEpoch = -1, int replicaId = -1) => (await broker.Rig.CallAsync<ListOffsetsResponse>(
        new ListOffsetsRequest
        {
            ReplicaId = replicaId,
            Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = timestamp, CurrentLeaderEpoch = leaderEpoch }] }],
        },
        version)).Topics[0].Partitions[0];
}
