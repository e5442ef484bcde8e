using System.Text.Json.Nodes;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Groups of the consumer protocol (KIP-848) with a real client that speaks it, @platformatic/kafka.</summary>
public sealed class ConsumerProtocolTests
{
    private const int Partitions = 6;
    private const string Topic = "shared";

    [Fact]
    public async Task MembersComeAndGo_PartitionsAreShared_EveryRecordIsRead()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync(
            "group.consumer.min.heartbeat.interval.ms=300", "group.consumer.heartbeat.interval.ms=300", "offsets.topic.num.partitions=4");
        List<JsonNode> steps = await new Platformatic().ShareAsync(
            broker, Topic, "sharers", Partitions,
            [
                new { join = "a", send = 30 },
                new { join = "b", send = 30 },
                new { join = "c", send = 30 },
                new { leave = "b", send = 30 },
            ]);
        Assert.Equal([1, 2, 3, 2], steps.Select(step => step["partitions"]!.AsObject().Count));
        foreach (JsonNode step in steps)
        {
            int[] owned = [.. step["partitions"]!.AsObject().SelectMany(member => member.Value!.AsArray().Select(partition => (int)partition!))];
            Assert.Equal(Enumerable.Range(0, Partitions), owned.Order());
            Assert.Equal((int)step["sent"]!, (int)step["seen"]!);
            // A commit that comes as the member's epoch rises is refused, and this client does not send it again.
            if ((int)step["refused"]! == 0) Assert.Equal(0, (int)step["twice"]!);
        }
    }
}
