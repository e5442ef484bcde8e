using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>python3-kafka: a client in Python that shares no code with librdkafka.</summary>
internal sealed class PythonKafka : IConsumerClient, IGroupClient, IOffsetsClient, IProducerClient
{
    private readonly ClientScript _script = ClientScript.Python("python_kafka.py");

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip", "snappy", "lz4", "zstd"];

    public bool SendsAllNulls => false;

    public Task<List<ClientRecord>> ConsumeAsync(BrokerProcess broker, string topic, ReadFrom from = default, int? maxPartitionFetchBytes = null)
    {
        var settings = new Dictionary<string, object>();
        if (maxPartitionFetchBytes is { } bytes) settings["max_partition_fetch_bytes"] = bytes;
        return _script.ConsumeAsync(broker, topic, from, settings);
    }

    public Task<List<ClientRecord>> ConsumeInGroupAsync(BrokerProcess broker, string topic, string group, int count) =>
        _script.ConsumeInGroupAsync(broker, topic, group, count);

    public Task<PartitionOffsets> OffsetsAsync(BrokerProcess broker, string topic, int partition, params long[] times) =>
        _script.OffsetsAsync(broker, topic, partition, times);

    public Task ProduceAsync(BrokerProcess broker, string topic, IReadOnlyList<ClientRecord> records, string codec = "none", int maxRequestBytes = 1_000_000)
    {
        var settings = new Dictionary<string, object?>
        {
            ["acks"] = "all",
            ["compression_type"] = codec == "none" ? null : codec,
            ["max_request_size"] = maxRequestBytes,
            ["batch_size"] = maxRequestBytes,
            ["buffer_memory"] = Math.Max(33_554_432, 4 * maxRequestBytes),
            ["linger_ms"] = maxRequestBytes > 1_000_000 ? 1000 : 20,
        };
        return _script.RunAsync(broker, "produce", new { topic, settings }, RecordFrames.Write(records));
    }
}
