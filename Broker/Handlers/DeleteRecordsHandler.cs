using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DeleteRecords (key 21): raises the first offset of partitions (KIP-107).
/// </summary>
/// <remarks>
/// Versions 0-2. v1: the client backs off by itself when throttled. v2: flexible. An offset of -1 stands for the high watermark; one
/// beyond it is OFFSET_OUT_OF_RANGE. Records of an internal topic are not deleted (INVALID_TOPIC_EXCEPTION), nor those of a topic
/// that is only compacted (POLICY_VIOLATION), whose readers count on the last value of each key.
/// </remarks>
public sealed class DeleteRecordsHandler : ApiHandler<DeleteRecordsRequest>
{
    private const long NoLowWatermark = -1;

    private readonly PartitionLookup _partitions;

    /// <param name="partitions">Finds partitions.</param>
    public DeleteRecordsHandler(PartitionLookup partitions)
        : base(ApiKey.DeleteRecords, DeleteRecordsRequest.LowestVersion, DeleteRecordsRequest.HighestVersion)
    {
        _partitions = partitions;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DeleteRecordsRequest request) =>
        ValueTask.FromResult(PendingResponse.Ready(new DeleteRecordsResponse
        {
            // Topics and partitions are keys of the answer, so one that is named twice is done once, with the last offset.
            Topics = [.. request.Topics.GroupBy(topic => topic.Name, StringComparer.Ordinal).Select(topic =>
                new DeleteRecordsResponse.DeleteRecordsTopicResult
                {
                    Name = topic.Key,
                    Partitions = [.. topic
                        .SelectMany(part => part.Partitions)
                        .GroupBy(partition => partition.PartitionIndex)
                        .Select(partition => Delete(topic.Key, partition.Key, partition.Last().Offset))],
                })],
        }));

    private DeleteRecordsResponse.DeleteRecordsPartitionResult Delete(string topic, int index, long offset)
    {
        ErrorCode error = _partitions.Find(topic, index, out Partition? partition);
        long logStart = NoLowWatermark;
        if (partition is not null)
        {
            error = InternalTopics.Contains(topic) ? ErrorCode.InvalidTopicException
                : !partition.Settings.Log.Delete ? ErrorCode.PolicyViolation
                : partition.DeleteRecordsBefore(offset, out logStart);
        }

        return new DeleteRecordsResponse.DeleteRecordsPartitionResult
        {
            PartitionIndex = index,
            LowWatermark = error == ErrorCode.None ? logStart : NoLowWatermark,
            ErrorCode = error,
        };
    }
}
