using System.Text.Json.Nodes;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Administration with python3-kafka.</summary>
public sealed class PythonKafkaAdminTests(SharedBroker shared) : AdminContract(shared, ClientScript.Python("python_kafka.py"));

/// <summary>Administration with python3-confluent-kafka.</summary>
public sealed class PythonConfluentAdminTests(SharedBroker shared) : AdminContract(shared, ClientScript.Python("python_confluent.py"));

/// <summary>Administration with kafkajs, which can also delete records.</summary>
public sealed class KafkaJsAdminTests(SharedBroker shared) : AdminContract(shared, ClientScript.Node("kafkajs.cjs"))
{
    [Fact]
    public async Task DeletedRecords_AreGoneForEveryClientAndTheRestKeepsItsOffsets()
    {
        string topic = await Shared.NewTopicAsync("deleted-records");
        await new Dotnet().ProduceAsync(Shared.Broker, topic, SharedBroker.Sample);

        await DoAsync(["deleteRecords", topic, 0, 5]);

        IEnumerable<ClientRecord> left = SharedBroker.Sample.Skip(5);
        RecordAssert.Same(left, await new Kcat().ConsumeAsync(Shared.Broker, topic));
        RecordAssert.Same(left, await new PythonKafka().ConsumeAsync(Shared.Broker, topic));
        RecordAssert.Same(left, await new PythonConfluent().ConsumeAsync(Shared.Broker, topic));
        RecordAssert.Same(left, await new Dotnet().ConsumeAsync(Shared.Broker, topic));
        RecordAssert.Same(left, await new KBrokerCommand().ConsumeAsync(Shared.Broker, topic));
        Assert.Equal(5, (await new KafkaJs().OffsetsAsync(Shared.Broker, topic, 0)).Beginning);
    }
}

/// <summary>Administration with @platformatic/kafka, which changes single configs.</summary>
public sealed class PlatformaticAdminTests(SharedBroker shared) : AdminContract(shared, ClientScript.Node("platformatic.cjs"))
{
    [Fact]
    public async Task IncrementalChanges_LeaveTheOtherConfigsAlone()
    {
        const string topic = "incremental";
        List<JsonNode> answers = await DoAsync(
            ["create", topic, 1, Configs("retention.ms", "1000")],
            ["set", topic, "segment.bytes", "2000000"],
            ["append", topic, "cleanup.policy", "compact"],
            ["configs", topic],
            ["subtract", topic, "cleanup.policy", "delete"],
            ["unset", topic, "retention.ms"],
            ["configs", topic]);

        JsonNode before = answers[3]["result"]!;
        Assert.Equal(("1000", "2000000", "delete,compact"), ((string?)before["retention.ms"], (string?)before["segment.bytes"], (string?)before["cleanup.policy"]));
        JsonNode after = answers[6]["result"]!;
        Assert.Equal(("-1", "2000000", "compact"), ((string?)after["retention.ms"], (string?)after["segment.bytes"], (string?)after["cleanup.policy"]));
    }
}
