using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Hostile;

/// <summary>Reads that ask for what is not theirs or not there.</summary>
public sealed class HostileFetchTests(HostileBroker broker) : IClassFixture<HostileBroker>
{
    [Theory]
    [InlineData(-5)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(1_000_000)]
    public async Task Fetch_OffsetOutOfRange_IsRefused(long offset)
    {
        await using RawClient client = await broker.ConnectAsync();
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await HostileBroker.FetchAsync(client, HostileBroker.Target, offset)).ErrorCode);
        await broker.AssertUnharmedAsync();
    }

    [Fact]
    public async Task Fetch_AtTheEndAndOneAbove_IsEmptyAndRefused()
    {
        await using RawClient client = await broker.ConnectAsync();
        await HostileBroker.ProduceAsync(client, HostileBroker.Target, HostileBatch.Valid());
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        FetchResponse.PartitionData atEnd = await HostileBroker.FetchAsync(client, HostileBroker.Target, end);
        Assert.Equal((ErrorCode.None, 0), (atEnd.ErrorCode, atEnd.Records.Length));
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await HostileBroker.FetchAsync(client, HostileBroker.Target, end + 1)).ErrorCode);
    }

    [Theory]
    [InlineData(0, ErrorCode.None)]
    [InlineData(1, ErrorCode.UnknownLeaderEpoch)]
    [InlineData(int.MaxValue, ErrorCode.UnknownLeaderEpoch)]
    [InlineData(int.MinValue, ErrorCode.None)]
    public async Task Fetch_OfAnotherLeaderEpoch_IsFencedOff(int epoch, ErrorCode expected)
    {
        await using RawClient client = await broker.ConnectAsync();
        Assert.Equal(expected, (await HostileBroker.FetchAsync(client, HostileBroker.Target, 0, leaderEpoch: epoch)).ErrorCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task Fetch_AsReplica_ReadsNothing(int replicaId)
    {
        await using RawClient client = await broker.ConnectAsync();
        await HostileBroker.ProduceAsync(client, HostileBroker.Target, HostileBatch.Valid());
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        FetchResponse.PartitionData answer = await HostileBroker.FetchAsync(client, HostileBroker.Target, 0, replicaId: replicaId);
        Assert.NotEqual(ErrorCode.None, answer.ErrorCode);
        Assert.Equal(0, answer.Records.Length);
        Assert.Equal(end, await broker.EndOffsetAsync(HostileBroker.Target));
        await broker.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData(4711, 1, ErrorCode.FetchSessionIdNotFound)]
    [InlineData(-1, 5, ErrorCode.FetchSessionIdNotFound)]
    [InlineData(int.MaxValue, int.MaxValue, ErrorCode.FetchSessionIdNotFound)]
    public async Task Fetch_UnknownSession_IsRefused(int sessionId, int epoch, ErrorCode expected)
    {
        await using RawClient client = await broker.ConnectAsync();
        FetchResponse response = await client.CallAsync<FetchResponse>(Request(sessionId, epoch), 12);
        Assert.Equal(expected, response.ErrorCode);
        Assert.Empty(response.Responses);
    }

    [Fact]
    public async Task Fetch_ThousandsOfSessions_AreCapped()
    {
        await using RawClient client = await broker.ConnectAsync();
        int created = 0;
        for (int i = 0; i < 2000; i++)
        {
            FetchResponse response = await client.CallAsync<FetchResponse>(Request(0, 0), 12);
            Assert.Equal(ErrorCode.None, response.ErrorCode);
            if (response.SessionId != 0) created++;
        }

        Assert.InRange(created, 1, 20);
        await broker.AssertUnharmedAsync();
    }

    [Fact]
    public async Task Fetch_ExtremeLimits_AreBounded()
    {
        await using RawClient client = await broker.ConnectAsync();
        await HostileBroker.ProduceAsync(client, HostileBroker.Target, HostileBatch.Valid());
        foreach (int number in (int[])[int.MinValue, -1, 0, 1, int.MaxValue])
        {
            FetchRequest request = Request(0, -1);
            (request.MaxBytes, request.MinBytes, request.Topics[0].Partitions[0].PartitionMaxBytes) = (number, Math.Min(number, 1), number);
            FetchResponse response = await client.CallAsync<FetchResponse>(request, 12);
            Assert.Equal(ErrorCode.None, response.Responses.Single().Partitions.Single().ErrorCode);
        }
    }

    [Theory]
    [InlineData(-7)]
    [InlineData(-100)]
    [InlineData(long.MinValue)]
    public async Task ListOffsets_UnknownNegativeTimestamp_IsAnErrorOfThePartition(long timestamp)
    {
        await using RawClient client = await broker.ConnectAsync();
        ListOffsetsResponse response = await client.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest
            {
                ReplicaId = -1,
                Topics = [new() { Name = HostileBroker.Target, Partitions = [new() { PartitionIndex = 0, Timestamp = timestamp, CurrentLeaderEpoch = -1 }] }],
            },
            7);
        Assert.Equal(ErrorCode.UnsupportedVersion, response.Topics.Single().Partitions.Single().ErrorCode);
        await broker.AssertUnharmedAsync();
    }

    private static FetchRequest Request(int sessionId, int epoch) => new()
    {
        ReplicaId = -1,
        MaxWaitMs = 0,
        MaxBytes = 1 << 20,
        SessionId = sessionId,
        SessionEpoch = epoch,
        Topics = [new() { Topic = HostileBroker.Target, Partitions = [new() { FetchOffset = 0, PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = -1 }] }],
    };
}
