using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>Markers over TCP: what a transaction's coordinator on another broker, or a tool, sends.</summary>
public sealed class WriteTxnMarkersHandlerTests : IAsyncLifetime
{
    private BrokerRig _broker = null!;

    public async Task InitializeAsync()
    {
        _broker = await BrokerRig.StartAsync();
        await _broker.CreateAsync("t", 2);
    }

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task WriteTxnMarkers_NoTransactionThere_IsWrittenAllTheSame(short version)
    {
        WriteTxnMarkersResponse response = await WriteAsync(version, Marker(7, 3, true, 1, ("t", 0), ("t", 1)), Marker(8, 0, false, 1, ("t", 1)));
        Assert.Equal([7, 8], response.Markers.Select(marker => marker.ProducerId));
        Assert.All(Errors(response), error => Assert.Equal(ErrorCode.None, error));
        Assert.Equal((1, 2), (await EndAsync(0), await EndAsync(1)));
        RecordBatchHeader header = new((await FetchAsync(0)).Span);
        Assert.Equal((true, true, 7L, (short)3), (header.IsControl, header.Attributes.IsTransactional, header.ProducerId, header.ProducerEpoch));
        Assert.True(EndTransactionMarker.TryRead((await FetchAsync(0)).Span, out EndTransactionMarker written));
        Assert.Equal(new EndTransactionMarker(true, 1), written);
    }

    [Fact]
    public async Task WriteTxnMarkers_PartitionsThatAreNot_AreToldOneByOne()
    {
        WriteTxnMarkersResponse response = await WriteAsync(1, Marker(7, 0, true, 1, ("none", 0), ("t", 5), ("t", 0)));
        Assert.Equal([ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicOrPartition, ErrorCode.None], Errors(response));
    }

    [Fact]
    public async Task WriteTxnMarkers_OldCoordinatorOrProducer_IsFenced()
    {
        await WriteAsync(1, Marker(7, 3, true, 5, ("t", 0)));
        Assert.Equal([ErrorCode.TransactionCoordinatorFenced], Errors(await WriteAsync(1, Marker(7, 3, true, 4, ("t", 0)))));
        Assert.Equal([ErrorCode.InvalidProducerEpoch], Errors(await WriteAsync(1, Marker(7, 2, true, 6, ("t", 0)))));
        Assert.Equal([ErrorCode.None], Errors(await WriteAsync(1, Marker(7, 3, true, 5, ("t", 0)))));
        Assert.Equal(2, await EndAsync(0));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(7, -1)]
    [InlineData(long.MinValue, short.MinValue)]
    public async Task WriteTxnMarkers_IdOrEpochOfNoProducer_IsRefused(long producerId, short epoch)
    {
        Assert.Equal([ErrorCode.InvalidRequest], Errors(await WriteAsync(2, Marker(producerId, epoch, true, 1, ("t", 0)))));
        Assert.Equal(0, await EndAsync(0));
    }

    [Theory]
    [InlineData(short.MaxValue, int.MaxValue)]
    [InlineData(short.MaxValue, int.MinValue)]
    [InlineData(0, -1)]
    public async Task WriteTxnMarkers_AbsurdEpochs_HarmNobodyElse(short epoch, int coordinatorEpoch)
    {
        await WriteAsync(2, Marker(7, epoch, true, coordinatorEpoch, ("t", 0)));
        Assert.Equal([ErrorCode.None], Errors(await WriteAsync(2, Marker(8, 0, true, 0, ("t", 0)))));
        long end = await EndAsync(0);
        Assert.Equal(end, await _broker.ProduceAsync("t", 1));
        await _broker.CrashAndRestartAsync();
        Assert.Equal(end + 1, await EndAsync(0));
    }

    [Fact]
    public async Task WriteTxnMarkers_TopicOfGroups_IsTakenByItsCoordinator()
    {
        await OffsetsTopicAsync();
        WriteTxnMarkersResponse response = await WriteAsync(1, Marker(7, 0, true, 1, ("__consumer_offsets", 0), ("__consumer_offsets", 5000)));
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], Errors(response));
        Assert.Equal(
            [ErrorCode.TransactionCoordinatorFenced], Errors(await WriteAsync(1, Marker(7, 0, true, 0, ("__consumer_offsets", 0)))));
        Assert.Equal(2, await EndAsync(0, "__consumer_offsets"));
    }

    [Fact]
    public async Task WriteTxnMarkers_Nothing_IsAnsweredWithNothing()
    {
        Assert.Empty((await WriteAsync(1)).Markers);
        WriteTxnMarkersResponse response = await WriteAsync(1, Marker(7, 0, true, 1));
        Assert.Empty(Assert.Single(response.Markers).Topics);
    }

    [Fact]
    public async Task WriteTxnMarkers_PartitionNamedAgainAndAgain_IsMarkedAndToldOnce()
    {
        WriteTxnMarkersRequest.WritableTxnMarker marker = Marker(7, 0, true, 1, ("t", 0), ("t", 1), ("t", 0), ("t", 0));
        marker.Topics = [.. marker.Topics, .. marker.Topics];
        Assert.Equal([ErrorCode.None, ErrorCode.None], Errors(await WriteAsync(1, marker)));
        Assert.Equal((1, 1), (await EndAsync(0), await EndAsync(1)));
    }

    [Fact]
    public async Task WriteTxnMarkers_MoreThanATransactionMayHave_NoneIsWritten()
    {
        (string, int)[] half = [.. Enumerable.Repeat(("t", 0), (TransactionShard.MaxPartitions / 2) + 1)];
        WriteTxnMarkersResponse response = await WriteAsync(1, Marker(7, 0, true, 1, half), Marker(8, 0, true, 1, half));
        Assert.Equal([7, 8], response.Markers.Select(marker => marker.ProducerId));
        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.InvalidRequest], Errors(response));
        WriteTxnMarkersRequest.WritableTxnMarker[] many = [.. Enumerable.Repeat(Marker(7, 0, true, 1), TransactionShard.MaxPartitions), Marker(7, 0, true, 1, ("t", 0))];
        await WriteAsync(1, many);
        Assert.Equal(0, await EndAsync(0));
    }

    [Fact]
    public async Task WriteTxnMarkers_ManyPartitions_AreAllMarked()
    {
        await _broker.CreateAsync("wide", 200);
        ErrorCode[] errors = Errors(await WriteAsync(1, Marker(7, 0, true, 1, [.. Enumerable.Range(0, 200).Select(index => ("wide", index))])));
        Assert.Equal(Enumerable.Repeat(ErrorCode.None, 200), errors);
        Assert.Equal((1, 1), (await EndAsync(0, "wide"), await EndAsync(199, "wide")));
    }

    private static WriteTxnMarkersRequest.WritableTxnMarker Marker(
        long producerId, short epoch, bool commit, int coordinatorEpoch, params (string Topic, int Partition)[] partitions) => new()
        {
            ProducerId = producerId,
            ProducerEpoch = epoch,
            TransactionResult = commit,
            CoordinatorEpoch = coordinatorEpoch,
            Topics = [.. partitions.GroupBy(one => one.Topic).Select(topic => new WriteTxnMarkersRequest.WritableTxnMarkerTopic
            {
                Name = topic.Key,
                PartitionIndexes = [.. topic.Select(one => one.Partition)],
            })],
        };

    private static ErrorCode[] Errors(WriteTxnMarkersResponse response) =>
        [.. response.Markers.SelectMany(marker => marker.Topics).SelectMany(topic => topic.Partitions).Select(partition => partition.ErrorCode)];

    private Task<WriteTxnMarkersResponse> WriteAsync(short version, params WriteTxnMarkersRequest.WritableTxnMarker[] markers) =>
        _broker.CallAsync<WriteTxnMarkersResponse>(new WriteTxnMarkersRequest { Markers = markers }, version);

    private async Task<long> EndAsync(int partition, string topic = "t")
    {
        ListOffsetsResponse response = await _broker.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = -1 }] }] }, 5);
        return response.Topics[0].Partitions[0].Offset;
    }

    private async Task<ReadOnlyMemory<byte>> FetchAsync(int partition)
    {
        FetchResponse response = await _broker.CallAsync<FetchResponse>(
            new FetchRequest { MaxBytes = 1000, Topics = [new() { Topic = "t", Partitions = [new() { Partition = partition, PartitionMaxBytes = 1000 }] }] }, 11);
        return response.Responses[0].Partitions[0].Records.Memory;
    }

    /// <summary>The partition of groups is there and loaded: until then its markers are refused as if another broker led it.</summary>
    private Task OffsetsTopicAsync() => Eventually.TrueAsync(
        async () =>
        {
            await _broker.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "g" }, 2);
            ErrorCode error = Errors(await WriteAsync(1, Marker(99, 0, true, 1, ("__consumer_offsets", 0))))[0];
            Assert.Contains(error, new[] { ErrorCode.None, ErrorCode.NotLeaderOrFollower, ErrorCode.UnknownTopicOrPartition });
            return error == ErrorCode.None;
        },
        "the topic of groups is loaded");
}
