using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>What every client must see when it reads.</summary>
[Collection(SharedBroker.Collection)]
public abstract class ConsumerContract
{
    private readonly SharedBroker _shared;
    private readonly IConsumerClient _client;

    private protected ConsumerContract(SharedBroker shared, IConsumerClient client)
    {
        _shared = shared;
        _client = client;
    }

    [Fact]
    public async Task PackageIndex_ProducedByKcat_IsReadBackByteIdentical()
    {
        string topic = await _shared.PackageTopicAsync();
        IReadOnlyList<ClientRecord> produced = await PackageIndex.AtLeastAsync(100_000);

        List<ClientRecord> read = await _client.ConsumeAsync(_shared.Broker, topic);

        Assert.True(produced.Count >= 100_000);
        RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, read);
    }

    [Fact]
    public async Task NullAndEmptyKeysTombstonesHeadersAndTimestamps_AreReadAsProduced()
    {
        string topic = await _shared.SampleTopicAsync();

        List<ClientRecord> read = await _client.ConsumeAsync(_shared.Broker, topic);

        RecordAssert.Same(SharedBroker.Sample, read);
    }

    [Fact]
    public async Task StartAtOffset_InTheMiddleOfABatch_BeginsWithThatRecord()
    {
        string topic = await _shared.SampleTopicAsync();

        List<ClientRecord> read = await _client.ConsumeAsync(_shared.Broker, topic, new(Offset: 4));

        RecordAssert.Same(SharedBroker.Sample.Skip(4), read);
    }

    [Fact]
    public async Task StartAtTimestamp_BetweenTwoRecords_BeginsWithTheLater()
    {
        string topic = await _shared.SampleTopicAsync();

        List<ClientRecord> read = await _client.ConsumeAsync(_shared.Broker, topic, new(Time: SharedBroker.Sample[5].Timestamp + 1));

        RecordAssert.Same(SharedBroker.Sample.Skip(6), read);
    }

    [Fact]
    public async Task StartAfterTheLastTimestamp_ReadsNothing()
    {
        string topic = await _shared.SampleTopicAsync();

        List<ClientRecord> read = await _client.ConsumeAsync(_shared.Broker, topic, new(Time: SharedBroker.Sample[^1].Timestamp + 1));

        Assert.Empty(read);
    }

    [Fact]
    public async Task BatchLargerThanThePartitionFetchLimit_IsReadNevertheless()
    {
        string topic = await _shared.NewTopicAsync("large-batches");
        IReadOnlyList<ClientRecord> produced = [.. (await PackageIndex.PackagesAsync()).Take(2_000)];
        await new Dotnet().ProduceAsync(_shared.Broker, topic, produced);

        List<ClientRecord> read = await _client.ConsumeAsync(_shared.Broker, topic, maxPartitionFetchBytes: 1_000);

        RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, read);
    }
}
