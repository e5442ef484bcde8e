using System.Collections.Immutable;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.StateMachines;

/// <summary>
/// Who leads a partition after brokers came, went or restarted. A restarted broker is taken for one that went and came: it
/// may have lost what it had not flushed, so it leaves the ISR if anybody else is in it, and leads again only in a new
/// leader epoch (KIP-380).
/// </summary>
internal static class LeaderElector
{
    /// <summary>The partition afterwards, with leader epoch and partition epoch raised by one; null if nothing changes.</summary>
    /// <param name="partition">The partition before.</param>
    /// <param name="live">Whether a broker is registered.</param>
    /// <param name="restarted">Whether a broker registered anew since the partition was last written.</param>
    /// <param name="unclean">Whether a replica outside the ISR may lead if none inside can.</param>
    public static PartitionImage? Elect(
        PartitionImage partition, Func<BrokerId, bool> live, Func<BrokerId, bool> restarted, bool unclean)
    {
        bool Steady(BrokerId id) => live(id) && !restarted(id);

        ImmutableArray<BrokerId> isr = [.. partition.Isr.Where(Steady)];
        BrokerId leader = isr.Contains(partition.Leader) ? partition.Leader : First(partition.Replicas, isr.Contains);
        if (leader == BrokerId.None)
        {
            leader = First(partition.Replicas, id => partition.Isr.Contains(id) && live(id));
            isr = partition.Isr;
            if (leader != BrokerId.None)
            {
                isr = [leader];
            }
            else if (unclean)
            {
                leader = First(partition.Replicas, live);
                if (leader != BrokerId.None) isr = [leader];
            }
        }

        bool sameLeader = leader == partition.Leader && (leader == BrokerId.None || Steady(leader));
        if (sameLeader && isr.SequenceEqual(partition.Isr)) return null;
        return partition with
        {
            Leader = leader,
            Isr = isr,
            LeaderEpoch = new LeaderEpoch(partition.LeaderEpoch.Value + 1),
            PartitionEpoch = new PartitionEpoch(partition.PartitionEpoch.Value + 1),
        };
    }

    /// <summary>A partition that has never had a leader: the first live replica leads, and all live ones are in sync.</summary>
    public static PartitionImage Begin(int id, ImmutableArray<BrokerId> replicas, Func<BrokerId, bool> live, LeaderEpoch epoch = default)
    {
        ImmutableArray<BrokerId> isr = [.. replicas.Where(live)];
        return new PartitionImage(
            id, replicas, isr.IsEmpty ? replicas : isr, [], [], isr.IsEmpty ? BrokerId.None : isr[0],
            epoch, new PartitionEpoch(0));
    }

    private static BrokerId First(ImmutableArray<BrokerId> replicas, Func<BrokerId, bool> fits)
    {
        foreach (BrokerId replica in replicas)
        {
            if (fits(replica)) return replica;
        }

        return BrokerId.None;
    }
}
