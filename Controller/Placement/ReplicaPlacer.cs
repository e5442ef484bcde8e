using System.Collections.Immutable;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Placement;

/// <summary>
/// Assigns replicas as Kafka does: leaders round-robin over a ring of brokers from a random start, followers further along
/// the ring at a distance that grows with every round. If all brokers have racks, the ring alternates between them, and
/// followers go to racks without a replica first (KIP-36). If some have none, racks are not looked at.
/// </summary>
public sealed class ReplicaPlacer(Random random)
{
    /// <summary>Places partitions of one topic.</summary>
    /// <param name="brokers">The live brokers, at least as many as replicas.</param>
    /// <param name="firstPartition">The index of the first partition to place.</param>
    /// <param name="partitions">How many to place.</param>
    /// <param name="replicationFactor">Replicas of each, 1 or more.</param>
    /// <returns>The replicas of each partition, the preferred leader first.</returns>
    public ImmutableArray<ImmutableArray<BrokerId>> Place(
        IEnumerable<BrokerRegistration> brokers, int firstPartition, int partitions, int replicationFactor)
    {
        Ring ring = Ring.Of([.. brokers.OrderBy(broker => broker.Id)]);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(replicationFactor, ring.Brokers.Length);
        int start = random.Next(ring.Brokers.Length);
        int shift = random.Next(ring.Brokers.Length);
        var placed = ImmutableArray.CreateBuilder<ImmutableArray<BrokerId>>(partitions);
        for (int partition = firstPartition; partition < firstPartition + partitions; partition++)
        {
            if (partition > 0 && partition % ring.Brokers.Length == 0) shift++;
            placed.Add(ring.Walk((partition + start) % ring.Brokers.Length, shift, replicationFactor));
        }

        return placed.MoveToImmutable();
    }

    private sealed record Ring(BrokerRegistration[] Brokers, int Racks)
    {
        public static Ring Of(BrokerRegistration[] brokers)
        {
            if (brokers.Any(broker => broker.Rack is null)) return new Ring(brokers, 0);
            var racks = brokers.GroupBy(broker => broker.Rack!, StringComparer.Ordinal)
                .OrderBy(rack => rack.Key, StringComparer.Ordinal).Select(rack => rack.ToArray()).ToArray();
            // The first broker of every rack, then the second of every rack that has one, and so on.
            var alternating = racks.SelectMany((rack, at) => rack.Select((broker, turn) => (broker, turn, at)))
                .OrderBy(entry => entry.turn).ThenBy(entry => entry.at).Select(entry => entry.broker);
            return new Ring([.. alternating], racks.Length);
        }

        public ImmutableArray<BrokerId> Walk(int leader, int shift, int replicationFactor)
        {
            var replicas = ImmutableArray.CreateBuilder<BrokerId>(replicationFactor);
            var racks = new HashSet<string>(StringComparer.Ordinal);
            Take(Brokers[leader], replicas, racks);
            long distance = (long)shift * Math.Max(1, Racks);
            while (replicas.Count < replicationFactor)
            {
                long step = 1 + (distance++ % (Brokers.Length - 1));
                BrokerRegistration candidate = Brokers[(leader + step) % Brokers.Length];
                bool wasted = racks.Count < Racks && racks.Contains(candidate.Rack!);
                if (!wasted && !replicas.Contains(candidate.Id)) Take(candidate, replicas, racks);
            }

            return replicas.MoveToImmutable();
        }

        private static void Take(
            BrokerRegistration broker, ImmutableArray<BrokerId>.Builder replicas, HashSet<string> racks)
        {
            replicas.Add(broker.Id);
            if (broker.Rack is not null) racks.Add(broker.Rack);
        }
    }
}
