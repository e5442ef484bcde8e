using System.Text;
using KBroker.Broker.Hosting;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Hosting;

/// <summary>A compacted topic as clients see it.</summary>
public sealed class CompactionTests
{
    private const int Rounds = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task CompactedTopic_DuplicateKeys_OnlyLastValuesAreLeftWithTheirOffsets()
    {
        var platform = new BrokerPlatform { Loggers = NullLoggerFactory.Instance };
        await using TestBroker broker = await TestBroker.StartAsync(platform, ("log.cleaner.backoff.ms", "20"));
        await using RawClient client = await broker.ConnectAsync();
        await broker.CreateTopicAsync("t", 1, [("cleanup.policy", "compact"), ("segment.bytes", "200"), ("min.cleanable.dirty.ratio", "0.01")]);
        for (int i = 0; i < Rounds; i++) await ProduceAsync(client, [("a", $"a{i}"), ("b", $"b{i}"), ($"once{i}", "x")]);

        using var patience = new CancellationTokenSource(Patience);
        // The last batch lies in the active segment, which is never compacted, so that the one before it keeps what it alone says.
        string[] expected = ["2:once0=x", "5:once1=x", "8:once2=x", "11:once3=x", "14:once4=x", "15:a=a5", "16:b=b5", "17:once5=x"];
        string[] found = [];
        while (!found.AsSpan().SequenceEqual(expected))
        {
            if (patience.IsCancellationRequested) Assert.Equal(expected, found);
            // Each round supersedes what the one before it left in a closed segment.
            found = [.. (await ReadAsync(client)).Where(record => int.Parse(record.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture) <= 17)];
            if (!found.AsSpan().SequenceEqual(expected)) await ProduceAsync(client, [("filler", "f")]);
        }
    }

    private static async Task ProduceAsync(RawClient client, (string Key, string Value)[] records)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        foreach ((string key, string value) in records) builder.Append(1000, Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        ProduceResponse response = await client.CallAsync<ProduceResponse>(
            new ProduceRequest
            {
                Acks = 1,
                TimeoutMs = 1000,
                TopicData = [new() { Name = "t", PartitionData = [new() { Records = new RecordsData(builder.ToArray()) }] }],
            },
            version: 9);
        Assert.Equal(ErrorCode.None, response.Responses[0].PartitionResponses[0].ErrorCode);
    }

    private static async Task<List<string>> ReadAsync(RawClient client)
    {
        var found = new List<string>();
        using var reader = new RecordBatchReader(new CompressionCodecs());
        long offset = 0;
        while (true)
        {
            FetchResponse.PartitionData data = (await client.CallAsync<FetchResponse>(
                new FetchRequest { MaxBytes = 1 << 20, Topics = [new() { Topic = "t", Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = 1 << 20 }] }] },
                version: 11)).Responses[0].Partitions[0];
            Assert.Equal(ErrorCode.None, data.ErrorCode);
            byte[] bytes = data.Records.Memory.ToArray();
            if (bytes.Length == 0) return found;
            var batches = new RecordBatchEnumerator(bytes);
            while (batches.MoveNext())
            {
                offset = batches.Current.LastOffset + 1;
                RecordEnumerator records = reader.Read(batches.CurrentBytes);
                while (records.MoveNext())
                    found.Add($"{records.Current.Offset}:{Encoding.UTF8.GetString(records.Current.Key)}={Encoding.UTF8.GetString(records.Current.Value)}");
            }
        }
    }
}
