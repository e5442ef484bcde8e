using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>What outlives the process, however it ends.</summary>
public sealed class RestartTests
{
    private const string CleanShutdownFile = ".kafka_cleanshutdown";

    [Theory]
    [InlineData(Acks.All, 1)]
    [InlineData(Acks.All, 2)]
    [InlineData(Acks.Leader, 3)]
    public async Task KilledWhileProducing_EveryAcknowledgedRecordIsAtItsOffset(Acks acks, int seed)
    {
        const int rounds = 4;
        const int partitions = 3;
        var random = new Random(seed);
        // Small segments and sparse flushes: kills fall into rolls, and much of the log has never been synced.
        await using BrokerProcess broker = await BrokerProcess.StartAsync("log.segment.bytes=200000", $"num.partitions={partitions}");
        var records = new AcknowledgedRecords(broker, "numbers", partitions, random);
        for (int round = 0; round < rounds; round++)
        {
            int enough = records.Count + random.Next(200, 3000);
            using (IProducer<byte[]?, byte[]?> producer = records.NewProducer(acks))
            {
                await Deadline.UntilAsync(
                    () =>
                    {
                        for (int i = 0; i < 200 && records.Sent < enough + 20_000; i++) records.Send(producer);
                        return records.Count >= enough;
                    },
                    $"{enough} acknowledgements; there are {records.Count}. The broker said:\n{broker.Output}");
                broker.Kill();
                await broker.WaitForExitAsync();
            }

            Assert.False(File.Exists(Path.Combine(broker.Directory, CleanShutdownFile)));
            await broker.StartAgainAsync();
            await records.VerifyAsync(new Dotnet());
        }

        await records.VerifyAsync(new PythonKafka());
        await broker.StopAsync();
    }

    [Fact]
    public async Task TerminatedWhileProducing_AnswersWhatItTookAndLosesAndDoublesNothing()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        var records = new AcknowledgedRecords(broker, "numbers", 1, new Random(4));
        using IProducer<byte[]?, byte[]?> producer = records.NewProducer(Acks.All, retries: 1000);
        for (int round = 1; round <= 3; round++)
        {
            await Deadline.UntilAsync(
                () =>
                {
                    for (int i = 0; i < 100 && records.Sent < (round * 2000) + 20_000; i++) records.Send(producer);
                    return records.Count >= round * 2000;
                },
                "acknowledgements");

            await broker.StopAsync();

            Assert.True(File.Exists(Path.Combine(broker.Directory, CleanShutdownFile)));
            await broker.StartAgainAsync();
            Assert.False(File.Exists(Path.Combine(broker.Directory, CleanShutdownFile)));
        }

        // The client sends again what was not answered; had the broker written it, it would now be there twice.
        await Task.Run(() => Assert.Equal(0, producer.Flush(Deadline.Default)));
        Assert.Equal(records.Sent, records.Count);
        await records.VerifyAsync(new Dotnet());
    }

    [Fact]
    public async Task TopicsConfigsIdsAndData_SurviveStopAndKill()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        await RunAsync(broker, "topics", "--create", "--topic", "kept", "--partitions", "3", "--config", "retention.ms=777000");
        await RunAsync(broker, "topics", "--create", "--topic", "deleted");
        await RunAsync(broker, "topics", "--delete", "--topic", "deleted");
        await RunAsync(broker, "configs", "--alter", "--entity-type", "topics", "--entity-name", "kept", "--add-config", "segment.bytes=1500000");
        await new PythonKafka().ProduceAsync(broker, "kept", [new(2, -1, 1_700_000_000_000, "k"u8.ToArray(), "v"u8.ToArray())]);
        (string Topics, string Cluster, string Records) before = await StateAsync(broker);
        Assert.Contains("retention.ms=777000", before.Topics, StringComparison.Ordinal);
        Assert.Contains("segment.bytes=1500000", before.Topics, StringComparison.Ordinal);
        Assert.Contains("TopicId: ", before.Topics, StringComparison.Ordinal);
        Assert.DoesNotContain("deleted", before.Topics, StringComparison.Ordinal);

        await broker.StopAsync();
        await broker.StartAgainAsync();
        Assert.Equal(before, await StateAsync(broker));

        await broker.KillAndStartAgainAsync();
        Assert.Equal(before, await StateAsync(broker));
    }

    [Fact]
    public async Task SecondBrokerOnTheSameDirectory_IsRefusedAndTheFirstGoesOn()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();

        (int exitCode, string output) = await BrokerProcess.RunToExitAsync(broker.Directory);

        Assert.Equal(1, exitCode);
        Assert.Contains(broker.Directory, output, StringComparison.Ordinal);
        Assert.Contains("is another broker using this directory", output, StringComparison.Ordinal);
        await new Kcat().ProduceAsync(broker, "still-there", [new(-1, -1, -1, "k"u8.ToArray(), "v"u8.ToArray())]);
        await broker.StopAsync();
    }

    private static async Task<(string Topics, string Cluster, string Records)> StateAsync(BrokerProcess broker)
    {
        // The consumer below makes the topic of groups be made.
        string topics = await RunAsync(broker, "topics", "--describe", "--exclude-internal");
        string cluster = (await ClientScript.Python("python_confluent.py").RunForJsonAsync(
            broker, "admin", new { operations = (object[][])[["cluster"]] }))[0].ToJsonString();
        List<ClientRecord> records = await new Dotnet().ConsumeAsync(broker, "kept");
        return (topics, cluster, string.Join('\n', records.Select(record => record.Canonical())));
    }

    private static async Task<string> RunAsync(BrokerProcess broker, params string[] arguments)
    {
        ClientResult result = await KBrokerCommand.RunAsync(broker, arguments);
        Assert.True(result.ExitCode == 0, $"{result.CommandLine}: {result.Error}\nThe broker said:\n{broker.Output}");
        return result.OutputText;
    }
}
