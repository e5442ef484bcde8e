using KBroker.Controller.Metadata;
using KBroker.Controller.StateMachines;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests.StateMachines;

public sealed class LeaderElectorTests
{
    // replicas, ISR, leader | live, restarted, unclean | leader and ISR afterwards, or nothing if unchanged
    [Theory]
    [InlineData("123", "123", 1, "123", "", false, null)]
    [InlineData("123", "123", 1, "23", "", false, "2:23")]
    [InlineData("123", "123", 1, "12", "", false, "1:12")]
    [InlineData("123", "31", 3, "1", "", false, "1:1")]
    [InlineData("123", "1", 1, "23", "", false, "-1:1")]
    [InlineData("123", "1", -1, "23", "", false, null)]
    [InlineData("123", "1", -1, "123", "", false, "1:1")]
    [InlineData("123", "1", 1, "23", "", true, "2:2")]
    [InlineData("1", "1", 1, "1", "1", false, "1:1")]
    [InlineData("12", "12", 1, "12", "1", false, "2:2")]
    [InlineData("12", "12", 1, "12", "2", false, "1:1")]
    [InlineData("12", "12", 1, "12", "12", false, "1:1")]
    [InlineData("12", "12", 1, "", "", true, "-1:12")]
    public void Elect_Cases_ChooseFromTheIsr(string replicas, string isr, int leader, string live, string restarted, bool unclean, string? expected)
    {
        var partition = new PartitionImage(
            0, [.. Ids(replicas)], [.. Ids(isr)], [], [], new BrokerId(leader), new LeaderEpoch(5), new PartitionEpoch(8));
        PartitionImage? next = LeaderElector.Elect(partition, Ids(live).Contains, Ids(restarted).Contains, unclean);
        Assert.Equal(expected, next is null ? null : $"{next.Leader}:{string.Concat(next.Isr)}");
        if (next is null) return;
        Assert.Equal((new LeaderEpoch(6), new PartitionEpoch(9)), (next.LeaderEpoch, next.PartitionEpoch));
    }

    private static BrokerId[] Ids(string digits) => [.. digits.Select(digit => new BrokerId(digit - '0'))];
}
