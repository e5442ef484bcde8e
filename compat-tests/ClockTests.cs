using System.Buffers.Binary;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>A broker whose wall clock is set while it runs: nothing that counts time notices, and nothing is deleted by it.</summary>
public sealed class ClockTests
{
    private const int Partitions = 2;

    [Fact]
    public async Task ClockIsSetToAndFro_NothingExpiresAndNothingIsDeleted()
    {
        string file = Path.Combine(Path.GetTempPath(), $"kbroker-clock-{Guid.NewGuid():N}");
        Set(file, TimeSpan.Zero);
        try
        {
            await using BrokerProcess broker = await BrokerProcess.StartAsync(
                $"num.partitions={Partitions}", "log.segment.bytes=50000", "log.retention.ms=600000", "log.retention.check.interval.ms=100",
                "log.initial.task.delay.ms=0", "log.segment.delete.delay.ms=0", "group.initial.rebalance.delay.ms=0",
                "offsets.topic.num.partitions=1", "producer.id.expiration.check.interval.ms=100", "log.message.timestamp.after.max.ms=9223372036854775807");
            broker.Environment = new Dictionary<string, string> { ["LD_PRELOAD"] = Faults.Library("shift_clock"), ["KBROKER_CLOCK"] = file };
            await broker.KillAndStartAgainAsync();
            await RunAsync(broker, file);
            await broker.StopAsync();
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task RunAsync(BrokerProcess broker, string file)
    {
        const string topic = "numbers";
        ProducerConfig config = Dotnet.ProducerConfig(broker);
        config.EnableIdempotence = true;
        config.LingerMs = 1;
        using IProducer<byte[]?, byte[]?> producer = new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
        int sent = 0;
        await SendAsync(100);
        int rebalances = 0;
        using IConsumer<byte[]?, byte[]?> member = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = broker.Bootstrap,
            GroupId = "watchers",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            SessionTimeoutMs = 6_000,
            HeartbeatIntervalMs = 200,
            EnableAutoCommit = false,
        }).SetLogHandler((_, _) => { }).SetPartitionsAssignedHandler((_, _) => rebalances++).Build();
        member.Subscribe(topic);
        int read = 0;
        await ReadAsync();
        // An hour each way, a month ahead, a start of the epoch's year 2001, and to and fro.
        TimeSpan[] leaps = [TimeSpan.FromHours(1), TimeSpan.FromHours(-1), TimeSpan.FromDays(30), TimeSpan.FromDays(-8000), TimeSpan.FromDays(3650)];
        foreach (TimeSpan leap in leaps)
        {
            Set(file, leap);
            // Everything looks at least once a second: no leap passes between two looks.
            await Task.Delay(1_200);
            await SendAsync(40);
            await ReadAsync();
        }

        for (int i = 0; i < 40; i++)
        {
            Set(file, TimeSpan.FromHours(i % 2 == 0 ? 1 : -1));
            if (i % 10 == 0) await SendAsync(10);
            await Task.Delay(10);
        }

        await ReadAsync();
        member.Commit();
        Assert.Equal(1, rebalances);
        member.Close();
        List<ClientRecord> all = await new Dotnet().ConsumeAsync(broker, topic);
        Assert.Equal(Enumerable.Range(0, sent), all.Select(record => int.Parse(Encoding.ASCII.GetString(record.Value!), System.Globalization.CultureInfo.InvariantCulture)).Order());
        Assert.DoesNotContain("Unhandled", broker.Output, StringComparison.Ordinal);

        async Task SendAsync(int count)
        {
            List<Task<DeliveryResult<byte[]?, byte[]?>>> tasks = [];
            for (int i = 0; i < count; i++, sent++)
            {
                var message = new Message<byte[]?, byte[]?> { Value = Encoding.ASCII.GetBytes(sent.ToString(System.Globalization.CultureInfo.InvariantCulture)) };
                tasks.Add(producer.ProduceAsync(new TopicPartition(topic, sent % Partitions), message));
            }

            DeliveryResult<byte[]?, byte[]?>[] results = await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.All(results, result => Assert.Equal(PersistenceStatus.Persisted, result.Status));
        }

        Task ReadAsync() => Task.Run(() =>
        {
            while (read < sent)
            {
                if (member.Consume(TimeSpan.FromSeconds(30)) is null) throw new TimeoutException($"{read} of {sent} came. The broker said:\n{broker.Output}");
                read++;
            }
        });
    }

    // The file keeps its place: the broker has it mapped.
    private static void Set(string file, TimeSpan ahead)
    {
        byte[] bytes = new byte[sizeof(long)];
        long nanoseconds = ahead.Ticks * 100;
        if (BitConverter.IsLittleEndian) BinaryPrimitives.WriteInt64LittleEndian(bytes, nanoseconds);
        else BinaryPrimitives.WriteInt64BigEndian(bytes, nanoseconds);
        using FileStream stream = new(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        stream.Write(bytes);
    }
}
