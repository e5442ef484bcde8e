using System.Buffers.Binary;
using System.Collections.Concurrent;
using KBroker.Broker.Hosting;
using KBroker.Broker.Tests.Handlers;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using KBroker.TestKit.Golden;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Tests.Hosting;

/// <summary>A broker begins on a directory that Apache Kafka wrote.</summary>
public sealed class AdoptionTests : IDisposable
{
    private static readonly (string Name, string Value) Adopt = ("kbroker.adopt.logs", "true");

    private readonly LineLog _log = new();

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (KafkaRelease release in KafkaRelease.All)
            {
                cases.Add(release.Name, true);
                cases.Add(release.Name, false);
            }

            return cases;
        }
    }

    public void Dispose() => _log.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Start_KafkasDirectory_TopicsAreServedWithAllTheirRecords(string release, bool clean)
    {
        GoldenDirectory golden = GoldenSamples.Everything(KafkaRelease.All.Single(one => one.Name == release));
        await using TestBroker broker = await StartAsync(golden, clean, Adopt);
        Assert.Equal(GoldenDirectory.ClusterId, broker.Host.ClusterId);
        await AssertServedAsync(broker, golden);

        await using (RawClient client = await broker.ConnectAsync())
        {
            ProduceResponse produced = await client.CallAsync<ProduceResponse>(
                new ProduceRequest
                {
                    Acks = -1,
                    TimeoutMs = 5000,
                    TopicData = [new() { Name = "orders", PartitionData = [new() { Index = 0, Records = new RecordsData(Records.Batch(2)) }] }],
                },
                version: 9);
            Assert.Equal((ErrorCode.None, 250L), (produced.Responses[0].PartitionResponses[0].ErrorCode, produced.Responses[0].PartitionResponses[0].BaseOffset));
        }

        await broker.RestartAsync();
        await AssertServedAsync(broker, golden);
        await broker.CrashAsync();
        await AssertServedAsync(broker, golden);
        await using RawClient reader = await broker.ConnectAsync();
        Assert.Equal([250L, 251L], (await ReadAsync(reader, "orders", 0, 250)).Select(record => record.Offset));
    }

    [Fact]
    public async Task Start_LogsOfALostMetadataStore_GivesNoProducerIdOfTheirsAgain()
    {
        await using TestBroker broker = await TestBroker.StartAsync(Adopt, ("transaction.state.log.num.partitions", "2"));
        await broker.CreateTopicAsync("t");
        var ids = new HashSet<long>();
        await using (RawClient client = await broker.ConnectAsync())
        {
            for (int i = 0; i < 20; i++) ids.Add(await NewProducerAsync(client, null));
            await client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = ["tx"] }, 4);
            ids.Add(await NewProducerAsync(client, "tx"));
        }

        await broker.Host.StopAsync();
        foreach (string file in Directory.GetFiles(broker.LogDirectory, "kbroker-coordination.*")) File.Delete(file);
        await broker.RestartAsync();
        await using RawClient next = await broker.ConnectAsync();
        Assert.True(await NewProducerAsync(next, null) > ids.Max());
    }

    [Fact]
    public async Task Start_LogWithAProducerIdThatAClientMadeUp_StillGivesProducerIds()
    {
        await using TestBroker broker = await TestBroker.StartAsync(Adopt);
        await broker.CreateTopicAsync("t");
        long given;
        await using (RawClient client = await broker.ConnectAsync())
        {
            given = await NewProducerAsync(client, null);
            using var batch = new RecordBatchBuilder(new RecordBatchOptions { ProducerId = long.MaxValue - 5, ProducerEpoch = 0, BaseSequence = 0 });
            batch.Append(1_700_000_000_000, [1], [2], null);
            ProduceResponse produced = await client.CallAsync<ProduceResponse>(
                new ProduceRequest
                {
                    Acks = -1,
                    TimeoutMs = 5000,
                    TopicData = [new() { Name = "t", PartitionData = [new() { Index = 0, Records = new RecordsData(batch.ToArray()) }] }],
                },
                version: 9);
            Assert.Equal(ErrorCode.None, produced.Responses[0].PartitionResponses[0].ErrorCode);
        }

        await broker.Host.StopAsync();
        foreach (string file in Directory.GetFiles(broker.LogDirectory, "kbroker-coordination.*")) File.Delete(file);
        await broker.RestartAsync();
        await using RawClient next = await broker.ConnectAsync();
        Assert.InRange(await NewProducerAsync(next, null), given + 1, 1_000_000);
    }

    [Fact]
    public async Task Start_WithoutTheSetting_IsRefusedAndChangesNothing()
    {
        GoldenDirectory golden = GoldenSamples.Everything(KafkaRelease.V39);
        var refused = await Assert.ThrowsAsync<BrokerStartException>(() => StartAsync(golden, clean: true));
        Assert.Contains("kbroker.adopt.logs=true", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AdoptedTopics_DeleteNothingAndKeepTheirIds()
    {
        await using TestBroker broker = await StartAsync(GoldenSamples.Everything(KafkaRelease.V39), clean: true, Adopt);
        await using RawClient client = await broker.ConnectAsync();
        MetadataResponse metadata = await client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, version: 12);
        Assert.Equal(
            [("__consumer_offsets", GoldenSamples.OffsetsId, 1, 1), ("a-b.c_d-1", GoldenSamples.DashedId, 1, 3), ("compacted", GoldenSamples.CompactedId, 1, 3), ("orders", GoldenSamples.OrdersId, 2, 4)],
            metadata.Topics.OrderBy(topic => topic.Name, StringComparer.Ordinal)
                .Select(topic => (topic.Name!, Uuid.Format(topic.TopicId), topic.Partitions.Length, topic.Partitions[0].LeaderEpoch)));
        Assert.Equal(10, metadata.Topics.Single(topic => topic.Name == "orders").Partitions.Single(partition => partition.PartitionIndex == 1).LeaderEpoch);
        Assert.Equal(("-1", "-1", "delete"), await SettingsAsync(client, "orders"));
        Assert.Equal("compact", (await SettingsAsync(client, "__consumer_offsets")).Policy);
        Assert.Contains(_log.Lines, line => line.Contains("Adopted 4 topics with 5 partitions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_PartitionsMissingOrOfTwoTopics_TheOthersAreAdopted()
    {
        var golden = new GoldenDirectory(
            KafkaRelease.V39,
            GoldenSamples.Recent("gap", 0, GoldenSamples.OrdersId),
            GoldenSamples.Recent("gap", 2, GoldenSamples.OrdersId),
            GoldenSamples.Recent("mixed", 0, GoldenSamples.DashedId),
            GoldenSamples.Recent("mixed", 1, GoldenSamples.OffsetsId),
            GoldenSamples.Recent("whole", 0, GoldenSamples.CompactedId));
        await using TestBroker broker = await StartAsync(golden, clean: true, Adopt);
        await using RawClient client = await broker.ConnectAsync();
        MetadataResponse metadata = await client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, version: 12);
        Assert.Equal("whole", Assert.Single(metadata.Topics).Name);
        Assert.Contains(_log.Lines, line => line.Contains("gap", StringComparison.Ordinal) && line.Contains("partition 1 is not here", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("mixed", StringComparison.Ordinal) && line.Contains("different topic ids", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(broker.LogDirectory, "gap-2", "00000000000000000300.log")));
    }

    [Fact]
    public async Task Start_AnotherBrokersDirectory_IsRefusedAndSaysWhichIdItHas()
    {
        GoldenDirectory golden = GoldenSamples.Everything(KafkaRelease.V39, brokerId: 3);
        var refused = await Assert.ThrowsAsync<BrokerStartException>(() => StartAsync(golden, clean: true, Adopt));
        Assert.Contains("node.id=3", refused.Message, StringComparison.Ordinal);
        await using TestBroker broker = await StartAsync(golden, clean: true, Adopt, ("node.id", "3"));
        await AssertServedAsync(broker, golden);
    }

    [Fact]
    public async Task Start_PartitionReplacedByAnotherTopics_IsNotServedAndTheOthersAre()
    {
        var golden = new GoldenDirectory(
            KafkaRelease.V39, GoldenSamples.Recent("one", 0, GoldenSamples.OrdersId), GoldenSamples.Recent("two", 0, GoldenSamples.DashedId));
        await using TestBroker broker = await StartAsync(golden, clean: true, Adopt);
        await broker.Host.StopAsync();
        string metadata = Path.Combine(broker.LogDirectory, "one-0", "partition.metadata");
        await File.WriteAllTextAsync(metadata, $"version: 0\ntopic_id: {GoldenSamples.OffsetsId}");
        await broker.RestartAsync();
        await using RawClient client = await broker.ConnectAsync();
        Assert.NotEmpty(await ReadAsync(client, "two", 0, 0));
        FetchResponse refused = await FetchAsync(client, "one", 0, 0);
        Assert.NotEqual(ErrorCode.None, refused.Responses[0].Partitions[0].ErrorCode);
        Assert.True(File.Exists(Path.Combine(broker.LogDirectory, "one-0", "00000000000000000300.log")));
        Assert.Contains(_log.Lines, line => line.Contains(GoldenSamples.OffsetsId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_TopicOfTheNameOfALogThatWasNotAdopted_BeginsEmptyAndTheLogIsKept()
    {
        var golden = new GoldenDirectory(KafkaRelease.V24, GoldenSamples.Recent("gap", 1, topicId: null));
        await using TestBroker broker = await StartAsync(golden, clean: true, Adopt);
        Assert.Contains(_log.Lines, line => line.Contains("partition 0 is not here", StringComparison.Ordinal));
        byte[] before = await File.ReadAllBytesAsync(Path.Combine(broker.LogDirectory, "gap-1", "00000000000000000300.log"));

        await broker.CreateTopicAsync("gap", partitions: 2);
        await using RawClient client = await broker.ConnectAsync();
        FetchResponse.PartitionData found = (await FetchAsync(client, "gap", 1, 0)).Responses[0].Partitions[0];
        Assert.Equal((ErrorCode.None, 0, true), (found.ErrorCode, found.HighWatermark, found.Records.Memory.IsEmpty));
        string kept = Assert.Single(Directory.GetDirectories(broker.LogDirectory, "gap-1.*-stray"));
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(kept, "00000000000000000300.log")));
        Assert.True(new FileInfo(Path.Combine(kept, "leader-epoch-checkpoint")).Length > 4, "the epochs of the records are gone");
    }

    [Fact]
    public async Task Start_RecordsWithoutAnEpochOrATopicId_AreServed()
    {
        var segment = new GoldenSegment(0);
        for (int i = 0; i < 20; i++) segment.Append(GoldenBatch.Message(1, GoldenSamples.Record(i, 1_500_000_000_000 + i, 30)));
        var golden = new GoldenDirectory(KafkaRelease.V24, new GoldenPartition("old", 0, segment));
        await using TestBroker broker = await StartAsync(golden, clean: true, Adopt);
        await AssertServedAsync(broker, golden);
        await broker.RestartAsync();
        await AssertServedAsync(broker, golden);
    }

    private static async Task AssertServedAsync(TestBroker broker, GoldenDirectory golden)
    {
        await using RawClient client = await broker.ConnectAsync();
        foreach (GoldenPartition partition in golden.Partitions)
        {
            long start = golden.LogStarts.GetValueOrDefault(partition.DirectoryName, partition.StartOffset);
            GoldenRecord[] expected = [.. partition.Records.Where(record => record.Offset >= start)];
            List<(long Offset, long Timestamp, byte[] Value)> found = await ReadAsync(client, partition.Topic, partition.Number, start);
            Assert.Equal(
                expected.Select(record => (record.Offset, record.Timestamp, Convert.ToHexString(record.Value ?? []))),
                found.Where(record => record.Offset < partition.EndOffset).Select(record => (record.Offset, record.Timestamp, Convert.ToHexString(record.Value))));
        }
    }

    private static async Task<List<(long Offset, long Timestamp, byte[] Value)>> ReadAsync(RawClient client, string topic, int partition, long offset)
    {
        var all = new List<(long Offset, long Timestamp, byte[] Value)>();
        while (true)
        {
            FetchResponse response = await FetchAsync(client, topic, partition, offset);
            FetchResponse.PartitionData data = response.Responses[0].Partitions[0];
            Assert.Equal((topic, ErrorCode.None), (topic, data.ErrorCode));
            if (data.Records.Memory.IsEmpty) return all;
            all.AddRange(Records.Read(data.Records.Memory).Where(record => record.Offset >= offset));
            offset = NextOffset(data.Records.Memory.Span);
        }
    }

    /// <summary>The offset after the last batch or message.</summary>
    private static long NextOffset(ReadOnlySpan<byte> records)
    {
        long next = 0;
        while (!records.IsEmpty)
        {
            next = BinaryPrimitives.ReadInt64BigEndian(records) + 1;
            if (records[16] == 2) next += BinaryPrimitives.ReadInt32BigEndian(records[23..]);
            records = records[(12 + BinaryPrimitives.ReadInt32BigEndian(records[8..]))..];
        }

        return next;
    }

    private static Task<FetchResponse> FetchAsync(RawClient client, string topic, int partition, long offset) => client.CallAsync<FetchResponse>(
        new FetchRequest
        {
            ReplicaId = -1,
            MaxBytes = 50 << 20,
            MinBytes = 1,
            MaxWaitMs = 100,
            Topics = [new() { Topic = topic, Partitions = [new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = 50 << 20 }] }],
        },
        version: 4);

    private static async Task<long> NewProducerAsync(RawClient client, string? transactionalId)
    {
        InitProducerIdResponse response = new();
        await Eventually.TrueAsync(
            async () => (response = await client.CallAsync<InitProducerIdResponse>(
                new InitProducerIdRequest { TransactionalId = transactionalId, TransactionTimeoutMs = 1_000 }, 4)).ErrorCode == ErrorCode.None,
            "a producer id");
        return response.ProducerId;
    }

    private static async Task<(string? Ms, string? Bytes, string? Policy)> SettingsAsync(RawClient client, string topic)
    {
        DescribeConfigsResponse configs = await client.CallAsync<DescribeConfigsResponse>(
            new DescribeConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = topic, ConfigurationKeys = null }] },
            version: 4);
        string? Of(string name) => configs.Results[0].Configs.Single(config => config.Name == name).Value;
        return (Of("retention.ms"), Of("retention.bytes"), Of("cleanup.policy"));
    }

    private Task<TestBroker> StartAsync(GoldenDirectory golden, bool clean, params (string Name, string Value)[] settings) =>
        TestBroker.StartOnAsync(path => golden.WriteTo(path, clean), new BrokerPlatform { Loggers = _log }, settings);

    /// <summary>Keeps what is logged.</summary>
    private sealed class LineLog : ILoggerFactory, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) _lines.Enqueue($"{formatter(state, exception)} {exception?.Message}");
        }

        public void Dispose()
        {
        }
    }
}
