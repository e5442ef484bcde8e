using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Clients ask for offsets in versions of their own; all must hear the same.</summary>
[Collection(SharedBroker.Collection)]
public sealed class OffsetsTests(SharedBroker shared)
{
    private static readonly Dictionary<string, IOffsetsClient> Clients = new()
    {
        ["kcat"] = new Kcat(),
        ["python3-kafka"] = new PythonKafka(),
        ["python3-confluent-kafka"] = new PythonConfluent(),
        ["Confluent.Kafka"] = new Dotnet(),
        ["kafkajs"] = new KafkaJs(),
    };

    public static TheoryData<string> Names { get; } = [.. Clients.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task BeginningEndAndTimes_AreTheSameForEveryClient(string client)
    {
        string topic = await shared.SampleTopicAsync();
        long first = SharedBroker.Sample[0].Timestamp;
        long last = SharedBroker.Sample[^1].Timestamp;

        PartitionOffsets offsets = await Clients[client].OffsetsAsync(shared.Broker, topic, 0, 0, first, first + 1, first + 3000, last, last + 1);

        Assert.Equal(0, offsets.Beginning);
        Assert.Equal(SharedBroker.Sample.Count, offsets.End);
        Assert.Equal([0, 0, 1, 3, SharedBroker.Sample.Count - 1, null], offsets.Times);
    }

    [Fact]
    public async Task TimestampsOutOfOrder_TheFirstRecordNotBeforeTheTimeIsFound()
    {
        string topic = await shared.NewTopicAsync("out-of-order");
        long time = SharedBroker.Sample[0].Timestamp;
        ClientRecord[] records = [.. ((long[])[0, 50, 20, 90, 40, 60]).Select(
            (after, offset) => new ClientRecord(0, offset, time + after, "k"u8.ToArray(), "v"u8.ToArray()))];
        foreach (ClientRecord record in records) await new Dotnet().ProduceAsync(shared.Broker, topic, [record]);

        foreach (IOffsetsClient client in Clients.Values)
        {
            PartitionOffsets offsets = await client.OffsetsAsync(shared.Broker, topic, 0, time + 10, time + 30, time + 55, time + 90, time + 91);
            Assert.Equal([1, 1, 3, 3, null], offsets.Times);
        }
    }
}
