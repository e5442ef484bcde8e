using KBroker.Broker.Partitions;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Metadata;

/// <summary>
/// What this broker knows of its own replicas before the cluster's metadata says so: that the log directory of one is out of
/// service, so that it is offline though its broker is not (KIP-112).
/// </summary>
/// <param name="self">This broker.</param>
/// <param name="partitions">Its replicas.</param>
public sealed class LocalReplicas(BrokerId self, PartitionRegistry partitions)
{
    /// <summary>Whether a replica is this broker's and offline.</summary>
    public bool IsOffline(Guid topicId, PartitionImage partition, BrokerId replica)
    {
        ArgumentNullException.ThrowIfNull(partition);
        return replica == self && partitions.IsOffline(topicId, partition.Id);
    }
}
