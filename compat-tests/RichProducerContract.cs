using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>What must hold of clients that can leave out keys and values, set headers and timestamps, and send 10 MB.</summary>
public abstract class RichProducerContract : ProducerContract
{
    private const int TenMegabytes = 10 * 1024 * 1024;
    private readonly SharedBroker _shared;
    private readonly IProducerClient _client;

    private protected RichProducerContract(SharedBroker shared, IProducerClient client)
        : base(shared, client)
    {
        _shared = shared;
        _client = client;
    }

    [Fact]
    public async Task NullAndEmptyKeysTombstonesHeadersAndTimestamps_AreStoredAsProduced()
    {
        string topic = await _shared.NewTopicAsync("sample");

        IReadOnlyList<ClientRecord> produced = SharedBroker.Sample;
        if (!_client.SendsAllNulls)
        {
            produced = [.. produced
                .Where(record => (record.Key, record.Value) is not (null, null) && record.Headers.All(header => header.Value is not null))
                .Select((record, offset) => record with { Offset = offset })];
        }

        await _client.ProduceAsync(_shared.Broker, topic, produced);

        RecordAssert.Same(produced, await new Dotnet().ConsumeAsync(_shared.Broker, topic));
    }

    [Fact]
    public async Task RecordOfTenMegabytes_IsTakenAndReadBack()
    {
        string topic = await _shared.NewTopicAsync("ten-megabytes");
        var random = new Random(10);
        byte[] value = [.. Enumerable.Range(0, TenMegabytes).Select(_ => (byte)random.Next(32, 256))];
        ClientRecord[] produced =
        [
            new(0, 0, 1_700_000_000_000, "large"u8.ToArray(), value),
            new(0, 1, 1_700_000_000_001, "small"u8.ToArray(), "after"u8.ToArray()),
        ];

        await _client.ProduceAsync(_shared.Broker, topic, produced, maxRequestBytes: SharedBroker.LargestRequest);

        RecordAssert.Same(produced, await new Dotnet().ConsumeAsync(_shared.Broker, topic));
        RecordAssert.Same(produced, await new PythonKafka().ConsumeAsync(_shared.Broker, topic));
        RecordAssert.Same(produced, await new KBrokerCommand().ConsumeAsync(_shared.Broker, topic));
    }

    [Fact]
    public async Task BatchesUpToTenMegabytes_AreTakenAndReadBack()
    {
        string topic = await _shared.NewTopicAsync("large-batches");
        IReadOnlyList<ClientRecord> produced = await PackageIndex.PackagesAsync();

        await _client.ProduceAsync(_shared.Broker, topic, produced, maxRequestBytes: SharedBroker.LargestRequest);

        Assert.Contains(StoredBatches.Of(_shared.Broker, topic, 0), batch => batch.Size > 2_000_000);
        RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, await new Kcat().ConsumeAsync(_shared.Broker, topic));
    }
}
