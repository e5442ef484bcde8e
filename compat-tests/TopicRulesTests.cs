using System.Text;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Rules of topics as a client feels them: automatic creation, size limits, the broker's clock.</summary>
[Collection(SharedBroker.Collection)]
public sealed class TopicRulesTests(SharedBroker shared)
{
    [Fact]
    public async Task AutoCreationOn_ProducingMakesTheTopicAndDescribingDoesNot()
    {
        List<JsonNode> answers = await ClientScript.Node("platformatic.cjs").RunForJsonAsync(
            shared.Broker, "admin", new { operations = (object[][])[["describe", "auto-described"]] });
        Assert.Contains("Unknown topic", (string?)answers[0]["message"], StringComparison.Ordinal);

        await new Kcat().ProduceAsync(shared.Broker, "auto-kcat", [Record("kcat")]);
        await new PythonKafka().ProduceAsync(shared.Broker, "auto-python", [Record("python")]);
        await new Dotnet().ProduceAsync(shared.Broker, "auto-dotnet", [Record("dotnet")]);

        string topics = (await KBrokerCommand.RunAsync(shared.Broker, ["topics", "--list"])).OutputText;
        foreach (string made in (string[])["auto-kcat", "auto-python", "auto-dotnet"]) Assert.Contains(made, topics, StringComparison.Ordinal);
        Assert.DoesNotContain("auto-described", topics, StringComparison.Ordinal);
        Assert.Single(await new Kcat().ConsumeAsync(shared.Broker, "auto-dotnet"));
    }

    [Fact]
    public async Task AutoCreationOff_ProducersHearOfAnUnknownTopicAndNothingIsMade()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync("auto.create.topics.enable=false");
        ProducerConfig config = Dotnet.ProducerConfig(broker);
        config.Set("topic.metadata.propagation.max.ms", "0");
        using IProducer<byte[]?, byte[]?> producer = new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();

        ProduceException<byte[]?, byte[]?> error = await Assert.ThrowsAsync<ProduceException<byte[]?, byte[]?>>(
            () => producer.ProduceAsync("nowhere", Dotnet.ToMessage(Record("lost"))).WaitAsync(Deadline.Default));

        Assert.Contains(error.Error.Code, (ErrorCode[])[ErrorCode.Local_UnknownTopic, ErrorCode.UnknownTopicOrPart]);
        Assert.Equal("", (await KBrokerCommand.RunAsync(broker, ["topics", "--list"])).OutputText.Trim());
        await broker.StopAsync();
    }

    [Fact]
    public async Task RecordAboveTheTopicsLimit_IsRefusedAndSmallerOnesAreTaken()
    {
        await CreateAsync("limited", "max.message.bytes=20000");
        using IProducer<byte[]?, byte[]?> producer =
            new ProducerBuilder<byte[]?, byte[]?>(Dotnet.ProducerConfig(shared.Broker)).SetLogHandler((_, _) => { }).Build();

        ProduceException<byte[]?, byte[]?> error = await Assert.ThrowsAsync<ProduceException<byte[]?, byte[]?>>(
            () => producer.ProduceAsync("limited", Dotnet.ToMessage(Record(new string('x', 30_000)))).WaitAsync(Deadline.Default));
        await producer.ProduceAsync("limited", Dotnet.ToMessage(Record(new string('y', 10_000)))).WaitAsync(Deadline.Default);

        Assert.Equal(ErrorCode.MsgSizeTooLarge, error.Error.Code);
        Assert.Equal(10_000, Assert.Single(await new Kcat().ConsumeAsync(shared.Broker, "limited")).Value!.Length);
    }

    [Fact]
    public async Task LogAppendTime_ReplacesTheProducersTimestamps()
    {
        await CreateAsync("append-time", "message.timestamp.type=LogAppendTime");

        await new Dotnet().ProduceAsync(shared.Broker, "append-time", SharedBroker.Sample);

        foreach (IConsumerClient client in (IConsumerClient[])[new Kcat(), new PythonKafka(), new Dotnet(), new KBrokerCommand()])
        {
            List<ClientRecord> read = await client.ConsumeAsync(shared.Broker, "append-time");
            Assert.Equal(SharedBroker.Sample.Count, read.Count);
            Assert.All(read, record => Assert.True(record.Timestamp > SharedBroker.Sample[^1].Timestamp, record.Canonical()));
        }
    }

    [Fact]
    public async Task CompressionTypeOfATopic_IsWhatIsStoredWhateverWasSent()
    {
        IReadOnlyList<ClientRecord> produced = [.. (await PackageIndex.PackagesAsync()).Take(500)];
        foreach (string codec in (string[])["uncompressed", "gzip", "snappy", "lz4", "zstd"])
        {
            string topic = $"recompressed-{codec}";
            await CreateAsync(topic, $"compression.type={codec}");

            await new PythonKafka().ProduceAsync(shared.Broker, topic, produced, codec == "gzip" ? "none" : "gzip");

            Assert.All(StoredBatches.Of(shared.Broker, topic, 0), batch => Assert.Equal(codec == "uncompressed" ? "none" : codec, batch.Codec));
            RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, await new PythonConfluent().ConsumeAsync(shared.Broker, topic));
        }
    }

    private static ClientRecord Record(string value) => new(-1, -1, -1, "key"u8.ToArray(), Encoding.UTF8.GetBytes(value));

    private async Task CreateAsync(string topic, string config)
    {
        ClientResult result = await KBrokerCommand.RunAsync(shared.Broker, ["topics", "--create", "--topic", topic, "--config", config]);
        Assert.True(result.ExitCode == 0, $"{result.Error}\nThe broker said:\n{shared.Broker.Output}");
    }
}
