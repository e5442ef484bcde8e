using KBroker.Controller.Metadata;
using KBroker.Protocol;

namespace KBroker.Controller.StateMachines;

/// <summary>Whether a leader may change its ISR (AlterPartition).</summary>
internal static class IsrChangeJudge
{
    /// <summary>None if it may.</summary>
    public static ErrorCode Judge(ClusterMetadataImage image, IsrChange change, PartitionImage partition)
    {
        if (!image.Brokers.TryGetValue(change.Broker, out BrokerRegistration? broker) || broker.Epoch != change.BrokerEpoch)
        {
            return ErrorCode.StaleBrokerEpoch;
        }

        // A leader that knows more than this controller talks to one that has been replaced.
        if (change.LeaderEpoch.Value > partition.LeaderEpoch.Value) return ErrorCode.NotController;
        if (change.LeaderEpoch.Value < partition.LeaderEpoch.Value) return ErrorCode.FencedLeaderEpoch;
        if (change.Broker != partition.Leader) return ErrorCode.InvalidRequest;
        if (change.PartitionEpoch.Value > partition.PartitionEpoch.Value) return ErrorCode.NotController;
        if (change.PartitionEpoch.Value < partition.PartitionEpoch.Value) return ErrorCode.InvalidUpdateVersion;
        bool wellFormed = change.NewIsr.Contains(partition.Leader)
            && change.NewIsr.Distinct().Count() == change.NewIsr.Count
            && change.NewIsr.All(replica => partition.Replicas.Contains(replica));
        if (!wellFormed) return ErrorCode.InvalidRequest;
        return change.NewIsr.All(replica => partition.Isr.Contains(replica) || image.Brokers.ContainsKey(replica))
            ? ErrorCode.None
            : ErrorCode.IneligibleReplica;
    }
}
