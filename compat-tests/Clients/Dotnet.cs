using Confluent.Kafka;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>Confluent.Kafka, the client of .NET programs.</summary>
internal sealed class Dotnet : IConsumerClient, IGroupClient, IOffsetsClient, IProducerClient
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(30);

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip", "snappy", "lz4", "zstd"];

    public static ProducerConfig ProducerConfig(BrokerProcess broker) => new()
    {
        BootstrapServers = broker.Bootstrap,
        EnableIdempotence = false,
        Acks = Acks.All,
        QueueBufferingMaxMessages = 1_000_000,
    };

    public static IConsumer<byte[]?, byte[]?> NewConsumer(BrokerProcess broker, int? maxPartitionFetchBytes = null) =>
        new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = broker.Bootstrap,
            GroupId = "not-used",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            MaxPartitionFetchBytes = maxPartitionFetchBytes,
        }).SetLogHandler((_, _) => { }).Build();

    /// <summary>A consumer without a group that follows topics, as fast as it can, through the broker's deaths.</summary>
    public static IConsumer<byte[]?, byte[]?> NewCommittedConsumer(BrokerProcess broker, IsolationLevel isolation = IsolationLevel.ReadCommitted) =>
        new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = broker.Bootstrap,
            GroupId = "not-used",
            EnableAutoCommit = false,
            IsolationLevel = isolation,
            // An offset that is not there is an error of the broker's, not a reason to start anew.
            AutoOffsetReset = AutoOffsetReset.Error,
            FetchWaitMaxMs = 50,
            FetchErrorBackoffMs = 20,
            ReconnectBackoffMs = 10,
            ReconnectBackoffMaxMs = 100,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    public static Message<byte[]?, byte[]?> ToMessage(ClientRecord record)
    {
        var headers = new Headers();
        foreach ((string name, byte[]? value) in record.Headers) headers.Add(name, value);
        return new()
        {
            Key = record.Key,
            Value = record.Value,
            Headers = headers,
            Timestamp = record.Timestamp < 0 ? default : new Timestamp(record.Timestamp, TimestampType.CreateTime),
        };
    }

    /// <summary>How many offsets all partitions of a topic hold.</summary>
    public static Task<long> CountAsync(BrokerProcess broker, string topic) => Task.Run(() =>
    {
        using IConsumer<byte[]?, byte[]?> consumer = NewConsumer(broker);
        return Partitions(consumer, topic).Sum(partition =>
        {
            WatermarkOffsets ends = consumer.QueryWatermarkOffsets(partition, CallLimit);
            return ends.High - ends.Low;
        });
    });

    public Task<List<ClientRecord>> ConsumeAsync(BrokerProcess broker, string topic, ReadFrom from = default, int? maxPartitionFetchBytes = null) =>
        Task.Run(() => Consume(broker, topic, from, maxPartitionFetchBytes));

    /// <summary>A member of a group, which has subscribed to a topic and commits when it is told to.</summary>
    public static IConsumer<byte[]?, byte[]?> NewMember(
        BrokerProcess broker, string topic, string group, PartitionAssignmentStrategy strategy = PartitionAssignmentStrategy.Range, string? instance = null)
    {
        IConsumer<byte[]?, byte[]?> consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = broker.Bootstrap,
            GroupId = group,
            GroupInstanceId = instance,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            PartitionAssignmentStrategy = strategy,
            SessionTimeoutMs = 6_000,
            HeartbeatIntervalMs = 500,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Subscribe(topic);
        return consumer;
    }

    public Task<List<ClientRecord>> ConsumeInGroupAsync(BrokerProcess broker, string topic, string group, int count) => Task.Run(() =>
    {
        using IConsumer<byte[]?, byte[]?> consumer = NewMember(broker, topic, group);
        var records = new List<ClientRecord>();
        while (records.Count < count)
            records.Add(ToRecord(consumer.Consume(CallLimit) ?? throw new TimeoutException($"Nothing came for {CallLimit}. The broker said:\n{broker.Output}")));
        consumer.Commit();
        consumer.Close();
        return records;
    });

    public Task<PartitionOffsets> OffsetsAsync(BrokerProcess broker, string topic, int partition, params long[] times) => Task.Run(() =>
    {
        using IConsumer<byte[]?, byte[]?> consumer = NewConsumer(broker);
        WatermarkOffsets ends = consumer.QueryWatermarkOffsets(new(topic, partition), CallLimit);
        List<long?> found = [.. times.Select(time => OffsetAt(consumer, new(topic, partition), time))];
        return new PartitionOffsets(ends.Low, ends.High, found);
    });

    public async Task ProduceAsync(BrokerProcess broker, string topic, IReadOnlyList<ClientRecord> records, string codec = "none", int maxRequestBytes = 1_000_000)
    {
        ProducerConfig config = ProducerConfig(broker);
        config.CompressionType = Enum.Parse<CompressionType>(codec, ignoreCase: true);
        config.MessageMaxBytes = maxRequestBytes;
        config.BatchSize = maxRequestBytes;
        config.LingerMs = maxRequestBytes > 1_000_000 ? 1000 : 20;
        using IProducer<byte[]?, byte[]?> producer = new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
        List<Task<DeliveryResult<byte[]?, byte[]?>>> sent = [.. records.Select(record => record.Partition < 0
            ? producer.ProduceAsync(topic, ToMessage(record))
            : producer.ProduceAsync(new TopicPartition(topic, record.Partition), ToMessage(record)))];
        DeliveryResult<byte[]?, byte[]?>[] delivered = await Task.WhenAll(sent).WaitAsync(ClientProcess.Limit);
        Assert.All(delivered, result => Assert.Equal(PersistenceStatus.Persisted, result.Status));
    }

    private static List<ClientRecord> Consume(BrokerProcess broker, string topic, ReadFrom from, int? maxPartitionFetchBytes)
    {
        using IConsumer<byte[]?, byte[]?> consumer = NewConsumer(broker, maxPartitionFetchBytes);
        var starts = new List<TopicPartitionOffset>();
        foreach (TopicPartition at in Partitions(consumer, topic))
        {
            Offset start = from switch
            {
                { Offset: { } offset } => offset,
                { Time: { } time } => OffsetAt(consumer, at, time) ?? Offset.End,
                _ => Offset.Beginning,
            };
            starts.Add(new(at, start));
        }

        consumer.Assign(starts);
        var records = new List<ClientRecord>();
        for (int left = starts.Count; left > 0;)
        {
            ConsumeResult<byte[]?, byte[]?> result =
                consumer.Consume(CallLimit) ?? throw new TimeoutException($"Nothing came for {CallLimit} of {topic}. The broker said:\n{broker.Output}");
            if (result.IsPartitionEOF) left--;
            else records.Add(ToRecord(result));
        }

        consumer.Close();
        return records;
    }

    private static List<TopicPartition> Partitions(IConsumer<byte[]?, byte[]?> consumer, string topic)
    {
        using IAdminClient admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        TopicMetadata metadata = Assert.Single(admin.GetMetadata(topic, CallLimit).Topics);
        return [.. metadata.Partitions.Select(partition => new TopicPartition(topic, partition.PartitionId))];
    }

    private static long? OffsetAt(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, long time)
    {
        var at = new TopicPartitionTimestamp(partition, new Timestamp(time, TimestampType.CreateTime));
        Offset found = Assert.Single(consumer.OffsetsForTimes([at], CallLimit)).Offset;
        return found.Value < 0 ? null : found.Value;
    }

    private static ClientRecord ToRecord(ConsumeResult<byte[]?, byte[]?> result) =>
        new(result.Partition, result.Offset, result.Message.Timestamp.UnixTimestampMs, result.Message.Key, result.Message.Value)
        {
            Headers = [.. result.Message.Headers.Select(header => (header.Key, (byte[]?)header.GetValueBytes()))],
        };
}
