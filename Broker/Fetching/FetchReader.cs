using KBroker.Broker.Partitions;
using KBroker.Protocol;

namespace KBroker.Broker.Fetching;

/// <summary>Reads the partitions of a Fetch in order, within its limits.</summary>
public sealed class FetchReader(PartitionRegistry partitions)
{
    /// <summary>Reads once. Whoever takes the round disposes its records.</summary>
    public FetchRound Read(IReadOnlyList<FetchPartition> wanted, in FetchLimits limits)
    {
        var results = new PartitionReadResult[wanted.Count];
        var waitable = new List<Partition>(wanted.Count);
        var seenEnds = new List<long>(wanted.Count);
        long bytes = 0;
        bool mustAnswer = false;
        for (int i = 0; i < wanted.Count; i++)
        {
            FetchPartition request = wanted[i];
            ErrorCode error = Find(request.Key, out Partition? partition);
            PartitionReadResult result;
            if (partition is null)
            {
                result = PartitionReadResult.Failed(error);
            }
            else if (limits.IsReplica)
            {
                // Only a replica that the controller assigned may fetch as one, and this broker's partitions have no other.
                result = PartitionReadResult.Failed(ErrorCode.NotLeaderOrFollower);
            }
            else
            {
                seenEnds.Add(partition.HighWatermark);
                waitable.Add(partition);
                // The first batch of all is given whole whatever its size, so that a reader always gets on (KIP-74).
                int left = (int)Math.Max(limits.MaxBytes - bytes, 0);
                result = partition.Read(new PartitionReadRequest(
                    request.FetchOffset,
                    Math.Min(Math.Max(request.MaxBytes, 0), left),
                    MinOneBatch: bytes == 0,
                    limits.Isolation,
                    request.CurrentLeaderEpoch,
                    request.LastFetchedEpoch));
            }

            bytes += result.Length;
            mustAnswer |= result.Error != ErrorCode.None || result.DivergingEpoch is not null;
            results[i] = result;
        }

        return new FetchRound(results, waitable, seenEnds, bytes, mustAnswer);
    }

    private ErrorCode Find(FetchPartitionKey key, out Partition? partition)
    {
        partition = null;
        if (key.Topic is not null)
            return partitions.TryGet(key.Topic, key.Index, out partition) ? ErrorCode.None : partitions.WhyMissing(key.Topic, key.Index);
        if (!partitions.TryGetTopic(key.TopicId, out TopicReplicas? topic)) return partitions.WhyMissing(key.TopicId, key.Index, ErrorCode.UnknownTopicId);
        return topic.Partitions.TryGetValue(key.Index, out partition)
            ? ErrorCode.None : partitions.WhyMissing(key.TopicId, key.Index, ErrorCode.UnknownTopicOrPartition);
    }
}
