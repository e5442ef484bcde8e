using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;
using KBroker.TestKit.Golden;

namespace KBroker.Compat.Tests;

/// <summary>A directory as Kafka leaves it, messages of every format among its records, read by real clients.</summary>
public sealed class KafkaDirectoryTests
{
    [Fact]
    public Task Kcat_ReadsEveryRecord() => VerifyAsync(new Kcat(), KafkaRelease.V24, clean: true);

    [Fact]
    public Task PythonKafka_ReadsEveryRecord() => VerifyAsync(new PythonKafka(), KafkaRelease.V39, clean: false);

    [Fact]
    public Task PythonConfluent_ReadsEveryRecord() => VerifyAsync(new PythonConfluent(), KafkaRelease.V39KRaft, clean: true);

    [Fact]
    public Task Dotnet_ReadsEveryRecord() => VerifyAsync(new Dotnet(), KafkaRelease.V28, clean: false);

    [Fact]
    public Task KBroker_ReadsEveryRecord() => VerifyAsync(new KBrokerCommand(), KafkaRelease.V33, clean: true);

    [Fact]
    public async Task WithoutTheSetting_TheStartIsRefused()
    {
        string directory = Directory.CreateTempSubdirectory("kbroker-compat-").FullName;
        try
        {
            GoldenSamples.Everything(KafkaRelease.V39).WriteTo(directory, clean: true);
            (int code, string output) = await BrokerProcess.RunToExitAsync(directory);
            Assert.Equal(1, code);
            Assert.Contains("kbroker.adopt.logs=true", output, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(directory, ".kafka_cleanshutdown")));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task VerifyAsync(IConsumerClient client, KafkaRelease release, bool clean)
    {
        GoldenDirectory golden = GoldenSamples.Everything(release);
        await using BrokerProcess broker = await BrokerProcess.StartOnAsync(path => golden.WriteTo(path, clean), "kbroker.adopt.logs=true");
        foreach (string topic in golden.Partitions.Select(partition => partition.Topic).Where(topic => !topic.StartsWith("__", StringComparison.Ordinal)).Distinct())
            await AssertReadAsync(client, broker, golden, topic);
        await broker.StopAsync();
        await broker.StartAgainAsync();
        await AssertReadAsync(client, broker, golden, "orders");
    }

    private static async Task AssertReadAsync(IConsumerClient client, BrokerProcess broker, GoldenDirectory golden, string topic)
    {
        IEnumerable<string> expected = golden.Partitions
            .Where(partition => partition.Topic == topic)
            .SelectMany(partition => partition.Records
                .Where(record => record.Offset >= golden.LogStarts.GetValueOrDefault(partition.DirectoryName))
                .Select(record => Describe(partition.Number, record.Offset, record.Key, record.Value)))
            .Order(StringComparer.Ordinal);
        List<ClientRecord> found = await client.ConsumeAsync(broker, topic);
        Assert.Equal(expected, found.Select(record => Describe(record.Partition, record.Offset, record.Key, record.Value)).Order(StringComparer.Ordinal));
    }

    private static string Describe(int partition, long offset, byte[]? key, byte[]? value) =>
        $"{partition}/{offset:D6} {(key is null ? "null" : Convert.ToHexString(key))}={(value is null ? "null" : Convert.ToHexString(value))}";
}
