using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>python3-confluent-kafka: librdkafka through Python.</summary>
internal sealed class PythonConfluent : IConsumerClient, IGroupClient, IOffsetsClient, IProducerClient
{
    private readonly ClientScript _script = ClientScript.Python("python_confluent.py");

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip", "snappy", "lz4", "zstd"];

    public Task<List<ClientRecord>> ConsumeAsync(BrokerProcess broker, string topic, ReadFrom from = default, int? maxPartitionFetchBytes = null)
    {
        var settings = new Dictionary<string, object>();
        if (maxPartitionFetchBytes is { } bytes) settings["max.partition.fetch.bytes"] = bytes;
        return _script.ConsumeAsync(broker, topic, from, settings);
    }

    public Task<List<ClientRecord>> ConsumeInGroupAsync(BrokerProcess broker, string topic, string group, int count) =>
        _script.ConsumeInGroupAsync(broker, topic, group, count);

    public Task<PartitionOffsets> OffsetsAsync(BrokerProcess broker, string topic, int partition, params long[] times) =>
        _script.OffsetsAsync(broker, topic, partition, times);

    public Task ProduceAsync(BrokerProcess broker, string topic, IReadOnlyList<ClientRecord> records, string codec = "none", int maxRequestBytes = 1_000_000)
    {
        var settings = new Dictionary<string, object>
        {
            ["acks"] = "all",
            ["compression.type"] = codec,
            ["message.max.bytes"] = maxRequestBytes,
            ["batch.size"] = maxRequestBytes,
            ["linger.ms"] = maxRequestBytes > 1_000_000 ? 1000 : 20,
        };
        return _script.RunAsync(broker, "produce", new { topic, settings }, RecordFrames.Write(records));
    }
}
