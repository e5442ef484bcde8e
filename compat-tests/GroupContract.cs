using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>What every client must see when it reads as a member of a group.</summary>
[Collection(SharedBroker.Collection)]
public abstract class GroupContract
{
    private readonly SharedBroker _shared;
    private readonly IGroupClient _client;

    private protected GroupContract(SharedBroker shared, IGroupClient client)
    {
        _shared = shared;
        _client = client;
    }

    [Fact]
    public async Task Group_ReadsEverythingOnceAndGoesOnWhereItStopped()
    {
        string topic = await _shared.NewTopicAsync("group", partitions: 3);
        string group = $"{_client.GetType().Name}-{topic}";
        List<ClientRecord> first = await FillAsync(topic, 0, 300);
        List<ClientRecord> read = await _client.ConsumeInGroupAsync(_shared.Broker, topic, group, first.Count);
        RecordAssert.EveryPartitionHoldsItsKeysInOrder(first, read);

        List<ClientRecord> second = await FillAsync(topic, 300, 60);
        List<ClientRecord> rest = await _client.ConsumeInGroupAsync(_shared.Broker, topic, group, second.Count);
        Assert.Equal(second.Select(Text).Order(StringComparer.Ordinal), rest.Select(Text).Order(StringComparer.Ordinal));
    }

    private static string Text(ClientRecord record) => System.Text.Encoding.UTF8.GetString(record.Value!);

    private async Task<List<ClientRecord>> FillAsync(string topic, int from, int count)
    {
        List<ClientRecord> records = [.. Enumerable.Range(from, count).Select(i => new ClientRecord(
            -1, -1, -1, System.Text.Encoding.UTF8.GetBytes($"k{i}"), System.Text.Encoding.UTF8.GetBytes($"v{i}")))];
        await new Dotnet().ProduceAsync(_shared.Broker, topic, records);
        return records;
    }
}
