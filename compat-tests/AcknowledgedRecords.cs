using System.Globalization;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Sends numbered records through Confluent.Kafka and remembers which were acknowledged, and at which offset.</summary>
internal sealed class AcknowledgedRecords(BrokerProcess broker, string topic, int partitions, Random random)
{
    private readonly Dictionary<TopicPartitionOffset, string> _values = [];
    private readonly Lock _lock = new();
    private int _next;

    public int Count
    {
        get
        {
            lock (_lock) return _values.Count;
        }
    }

    /// <summary>A producer that never sends a record twice: what it does not hear of again may or may not be written.</summary>
    public IProducer<byte[]?, byte[]?> NewProducer(Acks acks, int retries = 0)
    {
        ProducerConfig config = Dotnet.ProducerConfig(broker);
        config.Acks = acks;
        config.MessageSendMaxRetries = retries;
        config.LingerMs = 1;
        config.MaxInFlight = retries == 0 ? 5 : 1;
        config.BatchNumMessages = 50;
        config.ReconnectBackoffMs = 10;
        config.ReconnectBackoffMaxMs = 100;
        config.RetryBackoffMs = 20;
        return new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    public void Send(IProducer<byte[]?, byte[]?> producer)
    {
        int number = _next++;
        string value = string.Create(CultureInfo.InvariantCulture, $"{number}:{new string('x', random.Next(0, 2000))}");
        var partition = new TopicPartition(topic, number % partitions);
        producer.Produce(partition, new Message<byte[]?, byte[]?> { Value = Encoding.ASCII.GetBytes(value) }, report =>
        {
            if (report.Error.IsError) return;
            lock (_lock) _values.Add(report.TopicPartitionOffset, value);
        });
    }

    /// <summary>How many were sent, acknowledged or not.</summary>
    public int Sent => _next;

    /// <summary>
    /// Every acknowledged record is where its acknowledgement said; each partition tiles its offsets from 0 and holds numbers that rise,
    /// so nothing is twice and nothing out of order.
    /// </summary>
    public async Task VerifyAsync(IConsumerClient client)
    {
        List<ClientRecord> read = await client.ConsumeAsync(broker, topic);
        Dictionary<TopicPartitionOffset, string> found =
            read.ToDictionary(record => new TopicPartitionOffset(topic, record.Partition, record.Offset), record => Encoding.ASCII.GetString(record.Value!));
        foreach ((TopicPartitionOffset at, string value) in _values)
        {
            bool isThere = found.TryGetValue(at, out string? stored) && stored == value;
            Assert.True(isThere, $"{at} was acknowledged for {Number(value)} and holds {(stored is null ? "nothing" : Number(stored))}.\n{broker.Output}");
        }

        foreach (IGrouping<int, ClientRecord> partition in read.GroupBy(record => record.Partition))
        {
            int last = -1;
            long offset = 0;
            foreach (ClientRecord record in partition)
            {
                Assert.Equal(offset++, record.Offset);
                int number = Number(Encoding.ASCII.GetString(record.Value!));
                Assert.True(number > last, $"{number} follows {last} in partition {partition.Key}");
                last = number;
            }
        }
    }

    private static int Number(string value) => int.Parse(value.AsSpan(0, value.IndexOf(':', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
}
