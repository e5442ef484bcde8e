using System.Globalization;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;
using KBroker.TestKit.Golden;

namespace KBroker.Compat.Tests;

/// <summary>
/// The directory of a real broker that real clients have used, after an orderly stop: one that Apache Kafka opens, by its own checks,
/// whatever deaths came before.
/// </summary>
public sealed class StrictReaderTests
{
    private static readonly string[] Small =
    [
        "log.segment.bytes=20000", "log.index.interval.bytes=500", "num.partitions=2", "offsets.topic.num.partitions=1", "offsets.topic.segment.bytes=20000",
        "log.cleaner.backoff.ms=10", "log.cleaner.min.cleanable.ratio=0.01", "log.cleaner.delete.retention.ms=100",
        "log.retention.check.interval.ms=100", "log.initial.task.delay.ms=0", "log.segment.delete.delay.ms=0", "group.initial.rebalance.delay.ms=0",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UsedByRealClients_KafkaOpensWhatIsLeft(bool killed)
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync(Small);
        await CreateAsync(broker, "plain", "cleanup.policy=delete");
        await CreateAsync(broker, "compacted", "cleanup.policy=compact");
        await CreateAsync(broker, "shortened", "retention.bytes=30000");
        for (int round = 0; round < 3; round++)
        {
            await UseAsync(broker, round);
            if (killed) await broker.KillAndStartAgainAsync();
            await broker.StopAsync();
            KafkaLogDirectory kafka = KafkaLogDirectory.Open(
                WithoutDeleted(KafkaFiles.Read(broker.Directory)),
                directory => directory.StartsWith("compacted-", StringComparison.Ordinal) || directory.StartsWith("__", StringComparison.Ordinal),
                name => name.StartsWith("kbroker", StringComparison.Ordinal));
            Assert.True(kafka.Partitions["plain-0"].FirstOffset > 0, "records were deleted");
            Assert.Contains(kafka.Partitions["plain-0"].Batches, batch => batch.ProducerId >= 0);
            Assert.True(kafka.Partitions["shortened-0"].FirstOffset > 0, "retention took something");
            Assert.Contains(kafka.Partitions["compacted-0"].Batches.Zip(kafka.Partitions["compacted-0"].Batches.Skip(1)), pair => pair.Second.BaseOffset > pair.First.LastOffset + 1);
            await broker.StartAgainAsync();
        }

        await broker.StopAsync();
    }

    private static async Task UseAsync(BrokerProcess broker, int round)
    {
        string[] codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
        foreach (string codec in codecs)
        {
            ProducerConfig config = Dotnet.ProducerConfig(broker);
            config.EnableIdempotence = true;
            config.CompressionType = Enum.Parse<CompressionType>(codec, ignoreCase: true);
            config.LingerMs = 2;
            config.BatchNumMessages = 20;
            using IProducer<byte[]?, byte[]?> producer = new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
            var random = new Random((round * 10) + codec.Length);
            var sent = new List<Task<DeliveryResult<byte[]?, byte[]?>>>();
            for (int i = 0; i < 400; i++)
            {
                foreach (string topic in (string[])["plain", "compacted", "shortened"])
                {
                    byte[] noise = new byte[random.Next(150)];
                    random.NextBytes(noise);
                    var message = new Message<byte[]?, byte[]?>
                    {
                        Key = Encoding.ASCII.GetBytes(random.Next(30).ToString(CultureInfo.InvariantCulture)),
                        Value = random.Next(9) == 0 ? null : noise,
                        Headers = new Headers { { "codec", Encoding.ASCII.GetBytes(codec) } },
                    };
                    sent.Add(producer.ProduceAsync(new TopicPartition(topic, i % 2), message));
                }
            }

            await Task.WhenAll(sent).WaitAsync(ClientProcess.Limit);
        }

        using IConsumer<byte[]?, byte[]?> member = Dotnet.NewMember(broker, "plain", "readers");
        if (member.Consume(TimeSpan.FromSeconds(30)) is null) throw new TimeoutException($"Nothing came. The broker said:\n{broker.Output}");
        member.Commit();
        using IAdminClient admin = new DependentAdminClientBuilder(member.Handle).Build();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset("plain", 0, 300 + (round * 500))]);
        member.Close();
        await Deadline.UntilAsync(
            () => FirstSegment(broker, "shortened-0") > 0 && broker.Output.Contains("compacted-0: compacted by", StringComparison.Ordinal),
            $"compaction and retention. The broker said:\n{broker.Output}");
    }

    // Kafka too stops with files on their way out, and takes them away at its start.
    private static KafkaFiles WithoutDeleted(KafkaFiles files) => files with
    {
        Files = files.Files.Where(file => !file.Key.EndsWith(".deleted", StringComparison.Ordinal)).ToDictionary(file => file.Key, file => file.Value),
    };

    private static long FirstSegment(BrokerProcess broker, string partition) => Directory.GetFiles(Path.Combine(broker.Directory, partition), "*.log")
        .Min(file => long.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture));

    private static async Task CreateAsync(BrokerProcess broker, string topic, string config)
    {
        ClientResult result = await KBrokerCommand.RunAsync(broker, ["topics", "--create", "--topic", topic, "--partitions", "2", "--config", config]);
        Assert.True(result.ExitCode == 0, $"{result.CommandLine}: {result.Error}\nThe broker said:\n{broker.Output}");
    }
}
