using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>kafkajs on Node.js; it reads only as member of a group.</summary>
internal sealed class KafkaJs : IGroupClient, IOffsetsClient, IProducerClient
{
    private readonly ClientScript _script = ClientScript.Node("kafkajs.cjs");

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip"];

    public Task<List<ClientRecord>> ConsumeInGroupAsync(BrokerProcess broker, string topic, string group, int count) =>
        _script.ConsumeInGroupAsync(broker, topic, group, count);

    public Task<PartitionOffsets> OffsetsAsync(BrokerProcess broker, string topic, int partition, params long[] times) =>
        _script.OffsetsAsync(broker, topic, partition, times);

    public Task ProduceAsync(BrokerProcess broker, string topic, IReadOnlyList<ClientRecord> records, string codec = "none", int maxRequestBytes = 1_000_000) =>
        _script.RunAsync(broker, "produce", new { topic, gzip = codec == "gzip" }, RecordFrames.Write(records));
}
