using KBroker.Cli.Client;
using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;
using KBroker.Protocol.Records;

namespace KBroker.Cli.Tests.Client;

public sealed class RecordConsumerTests
{
    [Fact]
    public async Task Read_FromAnOffsetInsideABatch_BeginsThere()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 2);
        topic.Append(1, Batch(new(), "a", "b", "c"));
        topic.Append(1, Batch(new(), "d"));
        await using ClusterClient cluster = TestClient.Of(broker);
        Assert.Equal(
            ["1/2 null=c", "1/3 null=d"],
            await TestClient.ReadAsync(cluster, "t", 2, new() { Start = StartPosition.At(2), Partitions = [1] }));
    }

    [Fact]
    public async Task Read_FromTheEnd_OnlyWhatComesAfterTheStart()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        topic.Append(0, Batch(new(), "old"));
        await using ClusterClient cluster = TestClient.Of(broker);
        await using RecordConsumer consumer = await RecordConsumer.StartAsync(cluster, "t", new(), default);
        topic.Append(0, Batch(new(), "new"));
        FetchedRecords fetched = (await consumer.ReadAsync(TimeSpan.FromSeconds(20), default))!;
        Assert.Equal(1, fetched.Position);
    }

    [Fact]
    public async Task Read_LeaderMoves_GoesOnWithoutLossOrRepetition()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 2);
        for (int i = 0; i < 20; i++) topic.Append(i % 2, Batch(new(), $"{i}"));
        foreach (ErrorCode code in (ErrorCode[])[ErrorCode.NotLeaderOrFollower, ErrorCode.None, ErrorCode.FencedLeaderEpoch, ErrorCode.OffsetNotAvailable])
            topic.FetchErrors.Enqueue(code);
        await using ClusterClient cluster = TestClient.Of(broker);
        List<string> read = await TestClient.ReadAsync(cluster, "t", 20, new() { Start = StartPosition.Earliest });
        Assert.Equal(
            Enumerable.Range(0, 20).Select(i => $"{i % 2}/{i / 2} null={i}").Order(StringComparer.Ordinal),
            read.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Read_BatchLargerThanAsked_AsksForMore()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1) { CutsBatches = true };
        topic.Append(0, Batch(new(), new string('x', 50_000), "y"));
        await using ClusterClient cluster = TestClient.Of(broker);
        List<string> read = await TestClient.ReadAsync(cluster, "t", 2, new() { Start = StartPosition.Earliest, PartitionMaxBytes = 100 });
        Assert.Equal("0/1 null=y", read[1]);
    }

    [Fact]
    public async Task Read_OffsetOutOfRange_GoesOnAsToldTo()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        topic.Append(0, Batch(new(), "a"));
        await using ClusterClient cluster = TestClient.Of(broker);
        Assert.Equal(
            ["0/0 null=a"],
            await TestClient.ReadAsync(cluster, "t", 1, new() { Start = StartPosition.At(1000), Reset = StartPosition.Earliest }));
    }

    [Fact]
    public async Task Read_ATimeAfterAllRecords_BeginsAtTheEnd()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        topic.Append(0, Batch(new(), "a"));
        await using ClusterClient cluster = TestClient.Of(broker);
        await using RecordConsumer consumer = await RecordConsumer.StartAsync(
            cluster, "t", new() { Start = StartPosition.AtTime(long.MaxValue) }, default);
        topic.Append(0, Batch(new(), "b"));
        Assert.Equal(1, (await consumer.ReadAsync(TimeSpan.FromSeconds(20), default))!.Position);
    }

    [Fact]
    public async Task Read_Committed_LeavesAbortedAndControlRecordsOut()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1) { Aborted = [new() { ProducerId = 5, FirstOffset = 1 }] };
        topic.Append(0, Batch(new() { ProducerId = 5, ProducerEpoch = 0, IsTransactional = true }, "kept of another transaction"));
        topic.Append(0, Batch(new() { ProducerId = 5, ProducerEpoch = 0, IsTransactional = true }, "aborted"));
        topic.Append(0, Batch(new() { ProducerId = 6, ProducerEpoch = 0, IsTransactional = true }, "of another producer"));
        topic.Append(0, Batch(new() { ProducerId = 5, ProducerEpoch = 0 }, "not transactional"));
        topic.Append(0, Marker(producerId: 5, commits: false));
        topic.Append(0, Batch(new() { ProducerId = 5, ProducerEpoch = 0, IsTransactional = true }, "after"));
        await using ClusterClient cluster = TestClient.Of(broker);
        var options = new ConsumerOptions { Start = StartPosition.Earliest, ReadCommitted = true };
        Assert.Equal(
            ["0/0 null=kept of another transaction", "0/2 null=of another producer", "0/3 null=not transactional", "0/5 null=after"],
            await TestClient.ReadAsync(cluster, "t", 4, options));
        Assert.Equal(5, (await TestClient.ReadAsync(cluster, "t", 5, options with { ReadCommitted = false })).Count);
    }

    [Fact]
    public async Task Read_DamagedBatch_SaysWhere()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        byte[] batch = Batch(new(), "abc");
        topic.Append(0, batch);
        await using ClusterClient cluster = TestClient.Of(broker);
        await using RecordConsumer consumer = await RecordConsumer.StartAsync(cluster, "t", new() { Start = StartPosition.Earliest }, default);
        FetchedRecords fetched = (await consumer.ReadAsync(TimeSpan.FromSeconds(20), default))!;
        byte[] damaged = fetched.Batches.ToArray();
        damaged[^1] ^= 1;
        using var decoder = new RecordDecoder();
        var e = Assert.Throws<ClientException>(() => decoder.Decode(fetched with { Batches = damaged }, (in _, _) => true));
        Assert.Equal(ErrorCode.CorruptMessage, e.Code);
        Assert.Contains("offset 0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_Refused_Ends()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        topic.FetchErrors.Enqueue(ErrorCode.TopicAuthorizationFailed);
        await using ClusterClient cluster = TestClient.Of(broker);
        await using RecordConsumer consumer = await RecordConsumer.StartAsync(cluster, "t", new() { Start = StartPosition.Earliest }, default);
        var e = await Assert.ThrowsAsync<ClientException>(async () => await consumer.ReadAsync(TimeSpan.FromSeconds(20), default));
        Assert.Equal(ErrorCode.TopicAuthorizationFailed, e.Code);
    }

    private static byte[] Batch(RecordBatchOptions options, params string[] values)
    {
        using var builder = new RecordBatchBuilder(options);
        foreach (string value in values) builder.Append(1000, null, System.Text.Encoding.UTF8.GetBytes(value));
        return builder.ToArray();
    }

    private static byte[] Marker(long producerId, bool commits)
    {
        using var builder = new RecordBatchBuilder(
            new() { ProducerId = producerId, ProducerEpoch = 0, IsTransactional = true, IsControl = true });
        builder.Append(1000, [0, 0, 0, (byte)(commits ? 1 : 0)], [0, 0, 0, 0, 0, 0]);
        return builder.ToArray();
    }
}
