using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>What must hold of what any client writes.</summary>
[Collection(SharedBroker.Collection)]
public abstract class ProducerContract
{
    private readonly SharedBroker _shared;
    private readonly IProducerClient _client;

    private protected ProducerContract(SharedBroker shared, IProducerClient client)
    {
        _shared = shared;
        _client = client;
    }

    [Fact]
    public async Task EachCodec_IsStoredAsSentAndReadBackByteIdentical()
    {
        IReadOnlyList<ClientRecord> produced = [.. (await PackageIndex.PackagesAsync()).Take(3_000)];
        foreach (string codec in _client.Codecs)
        {
            string topic = await _shared.NewTopicAsync($"codec-{codec}");

            await _client.ProduceAsync(_shared.Broker, topic, produced, codec);

            List<StoredBatch> batches = StoredBatches.Of(_shared.Broker, topic, 0);
            // A batch that compression would not make smaller is sent as it is.
            Assert.DoesNotContain(batches, batch => batch.Codec != codec && batch.Codec != "none");
            Assert.Contains(batches, batch => batch.Codec == codec);
            // Two readers with decompressors of their own.
            RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, await new PythonKafka().ConsumeAsync(_shared.Broker, topic));
            RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, await new KBrokerCommand().ConsumeAsync(_shared.Broker, topic));
        }
    }

    [Fact]
    public async Task ManyRecords_IntoSeveralPartitions_KeepTheOrderOfEachKey()
    {
        string topic = await _shared.NewTopicAsync("many", partitions: 4);
        IReadOnlyList<ClientRecord> packages = [.. (await PackageIndex.PackagesAsync()).Take(5_000)];
        IReadOnlyList<ClientRecord> produced = [.. packages, .. packages];

        await _client.ProduceAsync(_shared.Broker, topic, produced);

        RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, await new Kcat().ConsumeAsync(_shared.Broker, topic));
    }
}
