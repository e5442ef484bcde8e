using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.LogEngine.Epochs;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Handlers;

/// <summary>
/// OffsetForLeaderEpoch (key 23): where a leader's term ends in the log, by which a follower or a consumer finds out whether the
/// log it knows was cut (KIP-101, KIP-320).
/// </summary>
/// <remarks>
/// Versions 0-4. v1: the epoch that was found, the largest one that is not above the one asked for (KIP-279). v2: the reader's
/// current epoch, which fences it, and throttle time; Kafka 4 serves from here on. v3: replica id (KIP-392). v4: flexible. An
/// epoch that the log cannot speak for is answered with epoch and offset -1.
/// </remarks>
public sealed class OffsetForLeaderEpochHandler : ApiHandler<OffsetForLeaderEpochRequest>
{
    private readonly PartitionLookup _partitions;

    /// <param name="partitions">Finds partitions.</param>
    public OffsetForLeaderEpochHandler(PartitionLookup partitions)
        : base(ApiKey.OffsetForLeaderEpoch, OffsetForLeaderEpochRequest.LowestVersion, OffsetForLeaderEpochRequest.HighestVersion)
    {
        _partitions = partitions;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, OffsetForLeaderEpochRequest request) =>
        ValueTask.FromResult(PendingResponse.Ready(new OffsetForLeaderEpochResponse
        {
            Topics = [.. request.Topics.DistinctBy(topic => topic.Topic, StringComparer.Ordinal).Select(topic =>
                new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult
                {
                    Topic = topic.Topic,
                    Partitions = [.. topic.Partitions.Select(partition => Find(topic.Topic, partition))],
                })],
        }));

    private OffsetForLeaderEpochResponse.EpochEndOffset Find(string topic, OffsetForLeaderEpochRequest.OffsetForLeaderPartition wanted)
    {
        EpochEndOffset end = EpochEndOffset.Undefined;
        ErrorCode error = _partitions.Find(topic, wanted.Partition, out Partition? partition);
        if (partition is not null)
        {
            error = partition.CheckReader(new LeaderEpoch(Math.Max(wanted.CurrentLeaderEpoch, LeaderEpoch.Unknown.Value)));
            if (error == ErrorCode.None && wanted.LeaderEpoch >= 0) end = partition.Log.EndOffsetFor(new LeaderEpoch(wanted.LeaderEpoch));
        }

        return new OffsetForLeaderEpochResponse.EpochEndOffset
        {
            Partition = wanted.Partition,
            ErrorCode = error,
            LeaderEpoch = end.Epoch,
            EndOffset = end.EndOffset,
        };
    }
}
