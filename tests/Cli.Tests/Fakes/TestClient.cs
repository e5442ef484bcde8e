using System.Text;
using KBroker.Cli.Client;
using KBroker.Protocol.Records;
using Record = KBroker.Protocol.Records.Record;

namespace KBroker.Cli.Tests.Fakes;

/// <summary>A client with short waits, and what tests read and write with it.</summary>
internal static class TestClient
{
    public static ClientOptions Options { get; } = new()
    {
        RetryBackoff = TimeSpan.FromMilliseconds(1),
        RetryBackoffMax = TimeSpan.FromMilliseconds(10),
    };

    public static ClusterClient Of(FakeBroker broker, ClientOptions? options = null) => new([broker.Endpoint], options ?? Options);

    public static ProducerRecord Text(string? key, string? value) => new(Bytes(key), Bytes(value));

    /// <summary>The first records of a topic, as <c>partition/offset key=value</c>.</summary>
    public static async Task<List<string>> ReadAsync(ClusterClient cluster, string topic, int count, ConsumerOptions options)
    {
        var records = new List<string>();
        using var decoder = new RecordDecoder();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using RecordConsumer consumer = await RecordConsumer.StartAsync(cluster, topic, options, limit.Token);
        while (records.Count < count)
        {
            FetchedRecords fetched = (await consumer.ReadAsync(Timeout.InfiniteTimeSpan, limit.Token))!;
            decoder.Decode(fetched, (in RecordBatchInfo _, Record record) =>
            {
                string key = record.HasKey ? Encoding.UTF8.GetString(record.Key) : "null";
                string value = record.HasValue ? Encoding.UTF8.GetString(record.Value) : "null";
                records.Add($"{fetched.Partition}/{record.Offset} {key}={value}");
                return records.Count < count;
            });
        }

        return records;
    }

    // A conditional with null in one branch would make an empty key of it: null converts to memory by way of an array.
    private static ReadOnlyMemory<byte>? Bytes(string? text)
    {
        if (text is null) return null;
        return Encoding.UTF8.GetBytes(text);
    }
}
