using System.Globalization;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>Idempotent producers through the broker's deaths: what they send again is there once, and in order.</summary>
public sealed class IdempotenceTests
{
    private const int Partitions = 3;
    private const string Topic = "numbers";

    [Theory]
    [InlineData(1)]
    public async Task BrokerIsKilledUnderAnIdempotentProducer_NothingIsLostDoubledOrOutOfOrder(int seed)
    {
        const int rounds = 6;
        var random = new Random(seed);
        await using BrokerProcess broker = await BrokerProcess.StartAsync("log.segment.bytes=300000", $"num.partitions={Partitions}");
        var config = new ProducerConfig
        {
            BootstrapServers = broker.Bootstrap,
            EnableIdempotence = true,
            LingerMs = 1,
            BatchNumMessages = 20,
            ReconnectBackoffMs = 10,
            ReconnectBackoffMaxMs = 100,
            RetryBackoffMs = 20,
        };
        int acknowledged = 0;
        var errors = new List<string>();
        using IProducer<byte[]?, byte[]?> producer =
            new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, error) => Note(error)).Build();
        int sent = 0;
        for (int round = 0; round < rounds; round++)
        {
            int enough = sent + random.Next(300, 3_000);
            while (sent < enough)
            {
                for (int i = 0; i < 100; i++, sent++)
                {
                    string value = string.Create(CultureInfo.InvariantCulture, $"{sent}:{new string('x', random.Next(300))}");
                    producer.Produce(new TopicPartition(Topic, sent % Partitions), new() { Value = Encoding.ASCII.GetBytes(value) }, report =>
                    {
                        if (report.Error.IsError) Note(report.Error);
                        else Interlocked.Increment(ref acknowledged);
                    });
                }

                // Never more ahead than a broker that dies in the middle has work for.
                await Deadline.UntilAsync(() => sent - Volatile.Read(ref acknowledged) < 600, "acknowledgements");
            }

            await broker.KillAndStartAgainAsync();
        }

        await Task.Run(() => Assert.Equal(0, producer.Flush(Deadline.Default)));
        string said = $"seed {seed}: {string.Join(", ", errors)}\nThe broker said:\n{broker.Output}";
        Assert.True(sent == acknowledged, $"{acknowledged} of {sent} records were acknowledged; {said}");
        foreach (IGrouping<int, ClientRecord> partition in (await new Dotnet().ConsumeAsync(broker, Topic)).GroupBy(record => record.Partition))
        {
            int[] numbers = [.. partition.Select(record => int.Parse(Encoding.ASCII.GetString(record.Value!).Split(':')[0], CultureInfo.InvariantCulture))];
            int[] expected = [.. Enumerable.Range(0, sent).Where(number => number % Partitions == partition.Key)];
            int differs = Enumerable.Range(0, Math.Min(numbers.Length, expected.Length)).FirstOrDefault(i => numbers[i] != expected[i], -1);
            Assert.True(
                differs < 0 && numbers.Length == expected.Length,
                $"partition {partition.Key} has {numbers.Length} records for {expected.Length}; the first that differs is {differs}. {said}");
        }

        await broker.StopAsync();

        void Note(Error error)
        {
            lock (errors) errors.Add(error.ToString());
        }
    }

    [Fact]
    public async Task BrokerIsKilledUnderKafkaJs_NothingIsLostDoubledOrOutOfOrder()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync("num.partitions=1");
        Task<byte[]> script = ClientScript.Node("kafkajs.cjs").RunAsync(broker, "idempotent", new { topic = Topic, count = 3_000, batch = 10 });
        for (int round = 0; round < 3; round++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500 + (100 * round)));
            if (!script.IsCompleted) await broker.KillAndStartAgainAsync();
        }

        await script;
        List<ClientRecord> records = await new Dotnet().ConsumeAsync(broker, Topic);
        Assert.Equal(Enumerable.Range(0, 3_000).Select(number => $"{number}"), records.Select(record => Encoding.ASCII.GetString(record.Value!)));
    }
}
