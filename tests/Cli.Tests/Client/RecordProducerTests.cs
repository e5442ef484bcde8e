using System.Text;
using KBroker.Cli.Client;
using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;
using Record = KBroker.Protocol.Records.Record;

namespace KBroker.Cli.Tests.Client;

public sealed class RecordProducerTests
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Send_ManyRecords_AllThereInOrderOfTheirPartitions(CompressionType compression)
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 3);
        await using ClusterClient cluster = TestClient.Of(broker);
        var options = new ProducerOptions { BatchSize = 512, Linger = TimeSpan.Zero, Compression = compression };
        await ProduceAsync(cluster, options, Enumerable.Range(0, 2000).Select(i => TestClient.Text($"k{i % 17}", $"v{i}")), expectedFailures: 0);

        var expected = new List<string>();
        var next = new long[3];
        for (int i = 0; i < 2000; i++)
        {
            int partition = RecordPartitioner.ForKey(Encoding.UTF8.GetBytes($"k{i % 17}"), 3);
            expected.Add($"{partition}/{next[partition]++} k{i % 17}=v{i}");
        }

        List<string> read = await TestClient.ReadAsync(cluster, "t", 2000, new ConsumerOptions { Start = StartPosition.Earliest });
        Assert.Equal(expected.Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
        Assert.Equal(2000, topic.End(0) + topic.End(1) + topic.End(2));
    }

    [Fact]
    public async Task Send_NullsAndHeaders_ArriveAsTheyAre()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", partitions: 1);
        await using ClusterClient cluster = TestClient.Of(broker);
        var withHeaders = TestClient.Text("k", "v") with { Headers = [new RecordHeader("h", [1, 2]), new RecordHeader("n", null)], Timestamp = 77 };
        await ProduceAsync(cluster, new(), [TestClient.Text(null, ""), TestClient.Text("", null), withHeaders], expectedFailures: 0);

        var seen = new List<string>();
        await using RecordConsumer consumer = await RecordConsumer.StartAsync(cluster, "t", new() { Start = StartPosition.Earliest }, default);
        using var decoder = new RecordDecoder();
        decoder.Decode((await consumer.ReadAsync(TimeSpan.FromSeconds(20), default))!, (in RecordBatchInfo _, Record record) =>
        {
            seen.Add($"{record.HasKey} {record.HasValue} {record.Headers.Count}");
            if (record.Headers.Count == 0) return true;
            Assert.Equal(77, record.Timestamp);
            foreach (RecordHeaderView header in record.Headers)
                Assert.Equal(header.Key == "h" ? 2 : 0, header.HasValue ? header.Value.Length : 0);
            return true;
        });
        Assert.Equal(["False True 0", "True False 0", "True True 2"], seen);
    }

    [Fact]
    public async Task Send_NotLeaderAndOtherPassingErrors_TriesAgainInOrder()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        foreach (ErrorCode code in (ErrorCode[])[ErrorCode.NotLeaderOrFollower, ErrorCode.None, ErrorCode.NotEnoughReplicas,
            ErrorCode.LeaderNotAvailable, ErrorCode.None, ErrorCode.KafkaStorageError])
            topic.ProduceErrors.Enqueue(code);
        await using ClusterClient cluster = TestClient.Of(broker);
        await ProduceAsync(
            cluster, new() { BatchSize = 100, Linger = TimeSpan.Zero }, Enumerable.Range(0, 100).Select(i => TestClient.Text(null, $"{i}")), expectedFailures: 0);
        List<string> read = await TestClient.ReadAsync(cluster, "t", 100, new() { Start = StartPosition.Earliest });
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"0/{i} null={i}"), read);
        // One look-up at the start, one for each failure, and those of the consumer.
        Assert.True(broker.Count(ApiKey.Metadata) >= 5);
    }

    [Fact]
    public async Task Send_Refused_IsReportedOnceForTheBatch()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        topic.ProduceErrors.Enqueue(ErrorCode.TopicAuthorizationFailed);
        await using ClusterClient cluster = TestClient.Of(broker);
        List<DeliveryError> errors = await ProduceAsync(
            cluster, new() { Linger = TimeSpan.FromMinutes(1) }, Enumerable.Range(0, 5).Select(i => TestClient.Text(null, $"{i}")), expectedFailures: 5);
        DeliveryError error = Assert.Single(errors);
        Assert.Equal((0, 5, ErrorCode.TopicAuthorizationFailed), (error.Partition, error.RecordCount, error.Reason.Code));
        Assert.Equal(0, topic.End(0));
    }

    [Fact]
    public async Task Send_RetriesUsedUp_IsReported()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        for (int i = 0; i < 10; i++) topic.ProduceErrors.Enqueue(ErrorCode.NotEnoughReplicas);
        await using ClusterClient cluster = TestClient.Of(broker);
        List<DeliveryError> errors = await ProduceAsync(cluster, new() { Retries = 2 }, [TestClient.Text(null, "v")], expectedFailures: 1);
        Assert.Equal(ErrorCode.NotEnoughReplicas, Assert.Single(errors).Reason.Code);
        Assert.Equal(3, broker.Count(ApiKey.Produce));
    }

    [Fact]
    public async Task Send_TooLarge_IsReportedAndTheRestGoesOn()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        await using ClusterClient cluster = TestClient.Of(broker);
        List<DeliveryError> errors = await ProduceAsync(
            cluster,
            new() { MaxRequestSize = 1000 },
            [TestClient.Text(null, "a"), TestClient.Text(null, new string('x', 1000)), TestClient.Text(null, "b")],
            expectedFailures: 1);
        Assert.Equal(ErrorCode.MessageTooLarge, Assert.Single(errors).Reason.Code);
        Assert.Equal(2, topic.End(0));
    }

    [Fact]
    public async Task Send_NoAcks_DoesNotWait()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        await using ClusterClient cluster = TestClient.Of(broker);
        await ProduceAsync(cluster, new() { Acks = 0, BatchSize = 64, Linger = TimeSpan.Zero }, Enumerable.Range(0, 50).Select(i => TestClient.Text(null, $"{i}")), expectedFailures: 0);
        await TestKit.Eventually.TrueAsync(() => topic.End(0) == 50, "everything arrived");
    }

    [Fact]
    public async Task Send_ConnectionBreaks_ConnectsAgain()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        await using ClusterClient cluster = TestClient.Of(broker);
        await using RecordProducer producer = await RecordProducer.StartAsync(cluster, "t", new(), Assert.Null, default);
        await producer.SendAsync(TestClient.Text(null, "a"), default);
        await producer.FlushAsync(default);
        broker.Disconnect();
        await producer.SendAsync(TestClient.Text(null, "b"), default);
        await producer.FlushAsync(default);
        Assert.Equal((2, 0), (producer.Delivered, producer.Failed));
        Assert.Equal(2, topic.End(0));
    }

    [Fact]
    public async Task Send_BufferFull_WaitsForRoom()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 2);
        await using ClusterClient cluster = TestClient.Of(broker);
        await ProduceAsync(
            cluster, new() { BufferMemory = 200, BatchSize = 150, Linger = TimeSpan.Zero }, Enumerable.Range(0, 300).Select(i => TestClient.Text(null, $"{i}")), expectedFailures: 0);
        Assert.Equal(300, topic.End(0) + topic.End(1));
    }

    [Fact]
    public async Task Start_TopicIsNotThere_SaysSo()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", partitions: 1);
        await using ClusterClient cluster = TestClient.Of(broker);
        var e = await Assert.ThrowsAsync<ClientException>(() => RecordProducer.StartAsync(
            cluster, "other", new() { MaxBlock = TimeSpan.FromMilliseconds(50) }, _ => { }, default));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, e.Code);
        Assert.Contains("'other'", e.Message, StringComparison.Ordinal);
    }

    private static async Task<List<DeliveryError>> ProduceAsync(
        ClusterClient cluster, ProducerOptions options, IEnumerable<ProducerRecord> records, int expectedFailures)
    {
        var errors = new List<DeliveryError>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using RecordProducer producer = await RecordProducer.StartAsync(cluster, "t", options, error =>
        {
            lock (errors) errors.Add(error);
        }, limit.Token);
        int count = 0;
        foreach (ProducerRecord record in records)
        {
            await producer.SendAsync(record, limit.Token);
            count++;
        }

        await producer.FlushAsync(limit.Token);
        Assert.Equal((count - expectedFailures, expectedFailures), (producer.Delivered, producer.Failed));
        return errors;
    }
}
