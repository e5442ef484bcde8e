using System.Globalization;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Sends numbered records to a topic that keeps only the last ones, and remembers which were acknowledged where.</summary>
internal sealed class RetainedRecords(BrokerProcess broker, string topic, Random random)
{
    private const int Attempts = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, string> _acknowledged = [];
    private int _next;

    /// <summary>The highest start that was seen.</summary>
    public long Start { get; private set; }

    public void Send(IProducer<byte[]?, byte[]?> producer)
    {
        string value = string.Create(CultureInfo.InvariantCulture, $"{_next++}:{new string('x', random.Next(0, 500))}");
        producer.Produce(new TopicPartition(topic, 0), new Message<byte[]?, byte[]?> { Value = Encoding.ASCII.GetBytes(value) }, report =>
        {
            if (report.Error.IsError) return;
            lock (_lock) _acknowledged.Add(report.Offset, value);
        });
    }

    /// <summary>
    /// The topic starts no lower than it did; from there on its offsets have no gap, its numbers rise, and every acknowledged record is
    /// at its offset.
    /// </summary>
    public async Task VerifyAsync(string where)
    {
        (long start, long end, List<ClientRecord> read) = await ReadAsync();
        Assert.True(start >= Start, $"{where}: {topic} starts at {start} and started at {Start}");
        Start = start;
        Assert.Equal(end - start, read.Count);
        int last = -1;
        for (int i = 0; i < read.Count; i++)
        {
            Assert.Equal(start + i, read[i].Offset);
            string value = Encoding.ASCII.GetString(read[i].Value!);
            int number = int.Parse(value.AsSpan(0, value.IndexOf(':', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
            Assert.True(number > last, $"{where}: {number} follows {last}");
            last = number;
        }

        lock (_lock)
        {
            foreach ((long offset, string value) in _acknowledged.Where(one => one.Key >= start))
                Assert.True(offset < end && Encoding.ASCII.GetString(read[(int)(offset - start)].Value!) == value, $"{where}: {offset} was acknowledged for another record");
            foreach (long gone in _acknowledged.Keys.Where(offset => offset < start).ToList()) _acknowledged.Remove(gone);
        }
    }

    // What goes while it is read is read again: the broker's clean-up does not wait for the test.
    private async Task<(long Start, long End, List<ClientRecord> Read)> ReadAsync()
    {
        for (int i = 1; ; i++)
        {
            PartitionOffsets before = await new Dotnet().OffsetsAsync(broker, topic, 0);
            List<ClientRecord> read = await new Dotnet().ConsumeAsync(broker, topic);
            PartitionOffsets after = await new Dotnet().OffsetsAsync(broker, topic, 0);
            if (before.Beginning == after.Beginning || i == Attempts) return (after.Beginning, after.End, read);
        }
    }
}
