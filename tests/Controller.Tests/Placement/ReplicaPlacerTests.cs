using System.Collections.Immutable;
using KBroker.Controller.Metadata;
using KBroker.Controller.Placement;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests.Placement;

public sealed class ReplicaPlacerTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Place_AnyCluster_ReplicasDifferAndLeadersAreBalanced(int seed)
    {
        var random = new Random(seed);
        BrokerRegistration[] brokers = Brokers(random.Next(1, 9), _ => null);
        int factor = random.Next(1, brokers.Length + 1);
        int count = random.Next(1, 60);
        int first = random.Next(0, 20);
        var placed = new ReplicaPlacer(random).Place(brokers, first, count, factor);
        Assert.Equal(count, placed.Length);
        Assert.All(placed, replicas => Assert.Equal(factor, replicas.Distinct().Count()));
        var leaders = brokers.Select(broker => placed.Count(replicas => replicas[0] == broker.Id)).ToList();
        Assert.True(leaders.Max() - leaders.Min() <= 1, string.Join(",", leaders));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Place_WholeRounds_EveryBrokerHoldsTheSame(int seed)
    {
        var random = new Random(seed);
        int n = random.Next(1, 8);
        int factor = random.Next(1, n + 1);
        var placed = new ReplicaPlacer(random).Place(Brokers(n, _ => null), 0, n * random.Next(1, 5), factor);
        Assert.Single(placed.SelectMany(replicas => replicas).CountBy(id => id).Select(count => count.Value).Distinct());
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Place_Racks_AreSpread(int seed)
    {
        var random = new Random(seed);
        int racks = random.Next(1, 5);
        BrokerRegistration[] brokers = Brokers(racks * random.Next(1, 4) + random.Next(0, 3), i => "rack" + (i % racks));
        int factor = random.Next(1, brokers.Length + 1);
        foreach (var replicas in new ReplicaPlacer(random).Place(brokers, 0, 30, factor))
        {
            Assert.Equal(factor, replicas.Distinct().Count());
            int used = replicas.Select(id => brokers.Single(broker => broker.Id == id).Rack).Distinct().Count();
            Assert.Equal(Math.Min(factor, racks), used);
        }
    }

    [Fact]
    public void Place_FollowersOfOneLeader_AreSpreadOverTheOthers()
    {
        var placed = new ReplicaPlacer(new Random(3)).Place(Brokers(5, _ => null), 0, 20, 2);
        Assert.Equal(4, placed.Where(replicas => replicas[0].Value == 0).Select(replicas => replicas[1]).Distinct().Count());
    }

    [Fact]
    public void Place_RackMissingSomewhere_RacksAreNotLookedAt()
    {
        BrokerRegistration[] brokers = Brokers(4, i => i == 0 ? null : "same");
        Assert.All(new ReplicaPlacer(new Random(1)).Place(brokers, 0, 12, 4), replicas => Assert.Equal(4, replicas.Length));
    }

    private static BrokerRegistration[] Brokers(int count, Func<int, string?> rack) =>
        [.. Enumerable.Range(0, count).Select(i => new BrokerRegistration(new BrokerId(i), new BrokerEpoch(i), ImmutableArray<BrokerEndpoint>.Empty, rack(i)))];
}
