using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

public sealed class ProduceAndFetchTests : IAsyncLifetime
{
    private const string Topic = "t";

    private TestBroker _broker = null!;
    private RawClient _client = null!;
    private Guid _topicId;

    public static TheoryData<short> ProduceVersions => [.. Enumerable.Range(3, 11).Select(version => (short)version)];

    public static TheoryData<short> FetchVersions => [.. Enumerable.Range(4, 15).Select(version => (short)version)];

    public async Task InitializeAsync()
    {
        _broker = await TestBroker.StartAsync();
        _topicId = await _broker.CreateTopicAsync(Topic);
        _client = await _broker.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(ProduceVersions))]
    public async Task Produce_EveryVersion_IsAppendedAndReadBack(short version)
    {
        ProduceResponse.PartitionProduceResponse answer = await ProduceAsync(Records.Batch(3), version: version);

        Assert.Equal((ErrorCode.None, 0L), (answer.ErrorCode, answer.BaseOffset));
        Assert.Equal([0L, 1L, 2L], (await ReadAsync(0)).Select(record => record.Offset));
    }

    [Theory]
    [MemberData(nameof(FetchVersions))]
    public async Task Fetch_EveryVersion_GivesTheSameRecords(short version)
    {
        await ProduceAsync(Records.Batch(3));
        await ProduceAsync(Records.Batch(2));

        FetchResponse.PartitionData data = await FetchAsync(Fetch(0), version);

        Assert.Equal((ErrorCode.None, 5L), (data.ErrorCode, data.HighWatermark));
        Assert.Equal([0L, 1L, 2L, 3L, 4L], Records.Read(data.Records.Memory).Select(record => record.Offset));
    }

    [Fact]
    public async Task Produce_TopicOfACoordinator_IsRefused()
    {
        await _broker.CreateTopicAsync("__consumer_offsets");
        ProduceRequest request = ProduceRequest(Records.Batch(1), 1);
        request.TopicData[0].Name = "__consumer_offsets";
        ProduceResponse.PartitionProduceResponse answer = await CallAsync(request, 9);

        Assert.Equal((ErrorCode.InvalidTopicException, -1L), (answer.ErrorCode, answer.BaseOffset));
    }

    [Theory]
    [InlineData(2, ErrorCode.InvalidRequiredAcks)]
    [InlineData(-5, ErrorCode.InvalidRequiredAcks)]
    [InlineData(-1, ErrorCode.None)]
    [InlineData(1, ErrorCode.None)]
    public async Task Produce_Acks_OnlyKnownOnes(short acks, ErrorCode expected) =>
        Assert.Equal(expected, (await ProduceAsync(Records.Batch(), acks: acks)).ErrorCode);

    [Fact]
    public async Task Produce_WithoutAcks_AppendsAndAnswersNothing()
    {
        await _client.SendAsync(ProduceRequest(Records.Batch(2), acks: 0), 9);

        Assert.Equal(2, (await ReadAsync(0)).Count);
    }

    [Fact]
    public async Task Produce_WithoutAcksToNowhere_ClosesTheConnection()
    {
        ProduceRequest request = ProduceRequest(Records.Batch(), acks: 0);
        request.TopicData[0].Name = "missing";
        await _client.SendAsync(request, 9);

        Assert.Empty(await _client.ReadToEndAsync());
    }

    [Fact]
    public async Task Produce_UnknownTopicOrPartition_IsTold()
    {
        ProduceRequest request = ProduceRequest(Records.Batch());
        request.TopicData[0].Name = "missing";
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await CallAsync(request, 9)).ErrorCode);

        request = ProduceRequest(Records.Batch());
        request.TopicData[0].PartitionData[0].Index = 7;
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await CallAsync(request, 9)).ErrorCode);

        request = ProduceRequest(Records.Batch());
        request.TopicData[0].TopicId = Guid.NewGuid();
        Assert.Equal(ErrorCode.UnknownTopicId, (await CallAsync(request, 13)).ErrorCode);
    }

    [Fact]
    public async Task Produce_DamagedBatch_IsRefusedAndTheLogUnchanged()
    {
        byte[] batch = Records.Batch();
        batch[^1] ^= 1;

        ProduceResponse.PartitionProduceResponse answer = await ProduceAsync(batch);

        Assert.Equal((ErrorCode.CorruptMessage, -1L), (answer.ErrorCode, answer.BaseOffset));
        Assert.Empty(await ReadAsync(0));
    }

    [Theory]
    [InlineData("gzip", CompressionType.Gzip)]
    [InlineData("zstd", CompressionType.Zstd)]
    [InlineData("uncompressed", CompressionType.None)]
    public async Task Produce_TopicWithItsOwnCompression_IsStoredThatWay(string config, CompressionType expected)
    {
        await _broker.CreateTopicAsync("c", 1, ("compression.type", config));
        ProduceRequest request = ProduceRequest(Records.Batch(50, compression: CompressionType.Lz4));
        request.TopicData[0].Name = "c";

        Assert.Equal(ErrorCode.None, (await CallAsync(request, 9)).ErrorCode);

        FetchRequest fetch = Fetch(0);
        fetch.Topics[0].Topic = "c";
        FetchResponse.PartitionData data = await FetchAsync(fetch, 11);
        Assert.Equal(expected, new RecordBatchHeader(data.Records.Memory.Span).CompressionType);
        Assert.Equal(50, Records.Read(data.Records.Memory).Count);
    }

    [Fact]
    public async Task Produce_TopicWithLogAppendTime_CarriesTheBrokersTime()
    {
        await _broker.CreateTopicAsync("stamped", 1, ("message.timestamp.type", "LogAppendTime"));
        ProduceRequest request = ProduceRequest(Records.Batch(2, time: 1000));
        request.TopicData[0].Name = "stamped";

        ProduceResponse.PartitionProduceResponse answer = await CallAsync(request, 9);

        FetchRequest fetch = Fetch(0);
        fetch.Topics[0].Topic = "stamped";
        FetchResponse.PartitionData data = await FetchAsync(fetch, 11);
        Assert.True(answer.LogAppendTimeMs > Records.Time);
        Assert.True(new RecordBatchHeader(data.Records.Memory.Span).IsCrcValid);
        Assert.All(Records.Read(data.Records.Memory), record => Assert.Equal(answer.LogAppendTimeMs, record.Timestamp));
    }

    [Fact]
    public async Task Fetch_BelowMinBytes_IsAnsweredWhenEnoughArrived()
    {
        await using RawClient reader = await _broker.ConnectAsync();
        int size = Records.Batch().Length;
        FetchRequest request = Fetch(0, minBytes: 2 * size, maxWaitMs: 60_000);
        await reader.SendAsync(request, 11);
        Task<(int, FetchResponse Response)> waiting = reader.ReceiveAsync<FetchResponse>(ApiKey.Fetch, 11);

        await ProduceAsync(Records.Batch());
        Assert.False(waiting.IsCompleted);
        await ProduceAsync(Records.Batch());

        FetchResponse response = (await waiting).Response;
        Assert.Equal(2 * size, response.Responses[0].Partitions[0].Records.Length);
    }

    [Fact]
    public async Task Fetch_NothingThere_IsAnsweredAfterMaxWait()
    {
        FetchResponse.PartitionData data = await FetchAsync(Fetch(0, minBytes: 1, maxWaitMs: 20), 11);

        Assert.Equal((ErrorCode.None, 0), (data.ErrorCode, data.Records.Length));
    }

    [Fact]
    public async Task Fetch_OffsetBeyondTheEnd_IsAnsweredAtOnce()
    {
        FetchResponse.PartitionData data = await FetchAsync(Fetch(1, minBytes: 1, maxWaitMs: 60_000), 11);

        Assert.Equal((ErrorCode.OffsetOutOfRange, -1L), (data.ErrorCode, data.HighWatermark));
    }

    [Fact]
    public async Task Fetch_Replica_ReadsNothingAndMovesNothing()
    {
        await ProduceAsync(Records.Batch());
        FetchRequest request = Fetch(0);
        request.ReplicaId = 1;

        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await FetchAsync(request, 11)).ErrorCode);
    }

    [Fact]
    public async Task Fetch_Session_SendsOnlyNews()
    {
        await ProduceAsync(Records.Batch());
        FetchRequest full = Fetch(0);
        full.SessionEpoch = 0;
        FetchResponse first = await _client.CallAsync<FetchResponse>(full, 12);
        Assert.NotEqual(0, first.SessionId);

        var next = new FetchRequest { SessionId = first.SessionId, SessionEpoch = 1, MaxBytes = 1 << 20, MaxWaitMs = 0 };
        FetchRequest moved = Fetch(1);
        (moved.SessionId, moved.SessionEpoch) = (first.SessionId, 1);
        Assert.Empty((await _client.CallAsync<FetchResponse>(moved, 12)).Responses);

        await ProduceAsync(Records.Batch());
        next.SessionEpoch = 2;
        FetchResponse news = await _client.CallAsync<FetchResponse>(next, 12);
        Assert.Equal([1L], Records.Read(news.Responses[0].Partitions[0].Records.Memory).Select(record => record.Offset));

        next.SessionEpoch = 9;
        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, (await _client.CallAsync<FetchResponse>(next, 12)).ErrorCode);
        next.SessionId = 1;
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, (await _client.CallAsync<FetchResponse>(next, 12)).ErrorCode);
    }

    [Fact]
    public async Task Fetch_LargeRecords_ComeBackByteForByteAcrossRestarts()
    {
        byte[] batch = Records.Batch(4, valueSize: 200_000);
        await ProduceAsync(batch);
        byte[] before = (await FetchAsync(Fetch(0, maxBytes: 4 << 20), 11)).Records.Memory.ToArray();

        await _client.DisposeAsync();
        await _broker.RestartAsync();
        _client = await _broker.ConnectAsync();
        byte[] restarted = (await FetchAsync(Fetch(0, maxBytes: 4 << 20), 11)).Records.Memory.ToArray();
        await _client.DisposeAsync();
        await _broker.CrashAsync();
        _client = await _broker.ConnectAsync();
        byte[] crashed = (await FetchAsync(Fetch(0, maxBytes: 4 << 20), 11)).Records.Memory.ToArray();

        // Only the base offset and the leader epoch are the broker's.
        Assert.Equal(batch[RecordBatchFormat.MagicOffset..], before[RecordBatchFormat.MagicOffset..]);
        Assert.Equal(before, restarted);
        Assert.Equal(before, crashed);
        Assert.Equal((ErrorCode.None, 4L), ((await ProduceAsync(Records.Batch())) is var answer ? answer.ErrorCode : default, answer.BaseOffset));
    }

    private async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(byte[] batch, short acks = 1, short version = 9) =>
        await CallAsync(ProduceRequest(batch, acks), version);

    private async Task<ProduceResponse.PartitionProduceResponse> CallAsync(ProduceRequest request, short version)
    {
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(request, version);
        return response.Responses[0].PartitionResponses[0];
    }

    private async Task<FetchResponse.PartitionData> FetchAsync(FetchRequest request, short version)
    {
        FetchResponse response = await _client.CallAsync<FetchResponse>(request, version);
        return response.Responses[0].Partitions[0];
    }

    private async Task<IReadOnlyList<(long Offset, long Timestamp, byte[] Value)>> ReadAsync(long offset) =>
        Records.Read((await FetchAsync(Fetch(offset), 11)).Records.Memory);

    private ProduceRequest ProduceRequest(byte[] batch, short acks = 1) => new()
    {
        Acks = acks,
        TimeoutMs = 10_000,
        TopicData =
        [
            new() { Name = Topic, TopicId = _topicId, PartitionData = [new() { Index = 0, Records = new RecordsData(batch) }] },
        ],
    };

    private FetchRequest Fetch(long offset, int minBytes = 0, int maxWaitMs = 0, int maxBytes = 1 << 20) => new()
    {
        MaxBytes = maxBytes,
        MinBytes = minBytes,
        MaxWaitMs = maxWaitMs,
        Topics =
        [
            new() { Topic = Topic, TopicId = _topicId, Partitions = [new() { Partition = 0, FetchOffset = offset, PartitionMaxBytes = maxBytes }] },
        ],
    };
}
