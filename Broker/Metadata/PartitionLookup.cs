using KBroker.Broker.Partitions;
using KBroker.Controller.Metadata;
using KBroker.Protocol;

namespace KBroker.Broker.Metadata;

/// <summary>Finds a partition on this broker, or says why it is not here.</summary>
/// <param name="partitions">The replicas here.</param>
/// <param name="metadata">The cluster.</param>
public sealed class PartitionLookup(PartitionRegistry partitions, MetadataFeed metadata)
{
    /// <summary>Finds a replica by topic name.</summary>
    /// <returns>None, KAFKA_STORAGE_ERROR if its log directory is out of service, NOT_LEADER_OR_FOLLOWER if other brokers have it, UNKNOWN_TOPIC_OR_PARTITION if none has.</returns>
    public ErrorCode Find(string topic, int index, out Partition? partition)
    {
        if (partitions.TryGet(topic, index, out partition)) return ErrorCode.None;
        ErrorCode error = partitions.WhyMissing(topic, index);
        return error == ErrorCode.UnknownTopicOrPartition && metadata.Current.TryGetPartition(topic, index, out _) ? ErrorCode.NotLeaderOrFollower : error;
    }
}
