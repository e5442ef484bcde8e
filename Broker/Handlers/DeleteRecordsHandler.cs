using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DeleteRecords (key 21): raises the first offset of partitions (KIP-107).
/// </summary>
/// <remarks>
/// Versions 0-2. v1: the client backs off by itself when throttled. v2: flexible. An offset of -1 stands for the high watermark; one
/// beyond it is OFFSET_OUT_OF_RANGE. Records of an internal topic are not deleted (INVALID_TOPIC_EXCEPTION), nor those of a topic
/// that is only compacted (POLICY_VIOLATION), whose readers count on the last value of each key. The answer comes when the new
/// start is on the disk.
/// </remarks>
public sealed class DeleteRecordsHandler : ApiHandler<DeleteRecordsRequest>
{
    private const long NoLowWatermark = -1;

    private readonly PartitionLookup _partitions;
    private readonly LogDirectories _logs;

    /// <param name="partitions">Finds partitions.</param>
    /// <param name="logs">Keep the first offsets over a restart.</param>
    public DeleteRecordsHandler(PartitionLookup partitions, LogDirectories logs)
        : base(ApiKey.DeleteRecords, DeleteRecordsRequest.LowestVersion, DeleteRecordsRequest.HighestVersion)
    {
        _partitions = partitions;
        _logs = logs;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DeleteRecordsRequest request) =>
        // A checkpoint is flushed and files go: other requests of this connection do not wait for the disk.
        ValueTask.FromResult(PendingResponse.Later(Task.Run<IApiMessage>(() => Delete(request))));

    private DeleteRecordsResponse Delete(DeleteRecordsRequest request)
    {
        // Topics and partitions are keys of the answer, so one that is named twice is done once, with the last offset.
        var deletions = new Dictionary<TopicPartition, DeleteRecordsResponse.DeleteRecordsPartitionResult>();
        foreach (DeleteRecordsRequest.DeleteRecordsTopic topic in request.Topics.Reverse())
        {
            foreach (DeleteRecordsRequest.DeleteRecordsPartition partition in topic.Partitions.Reverse())
            {
                var key = new TopicPartition(topic.Name, partition.PartitionIndex);
                if (!deletions.ContainsKey(key)) deletions.Add(key, Delete(key, partition.Offset));
            }
        }

        Keep(deletions);
        return new DeleteRecordsResponse
        {
            Topics = [.. deletions.GroupBy(deletion => deletion.Key.Topic, StringComparer.Ordinal).Select(topic =>
                new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = topic.Key, Partitions = [.. topic.Select(deletion => deletion.Value)] })],
        };
    }

    private DeleteRecordsResponse.DeleteRecordsPartitionResult Delete(TopicPartition key, long offset)
    {
        ErrorCode error = _partitions.Find(key.Topic, key.Partition, out Partition? partition);
        long logStart = NoLowWatermark;
        if (partition is not null)
        {
            error = InternalTopics.Contains(key.Topic) ? ErrorCode.InvalidTopicException
                : !partition.Settings.Log.Delete ? ErrorCode.PolicyViolation
                : partition.DeleteRecordsBefore(offset, out logStart);
        }

        return Result(key.Partition, error, logStart);
    }

    private static DeleteRecordsResponse.DeleteRecordsPartitionResult Result(int index, ErrorCode error, long logStart) => new()
    {
        PartitionIndex = index,
        LowWatermark = error == ErrorCode.None ? logStart : NoLowWatermark,
        ErrorCode = error,
    };

    /// <summary>Writes the first offsets down and lets what lies below go, so that a client that was told of a deletion never sees its records again.</summary>
    private void Keep(Dictionary<TopicPartition, DeleteRecordsResponse.DeleteRecordsPartitionResult> deletions)
    {
        var done = deletions.Where(deletion => deletion.Value.ErrorCode == ErrorCode.None).Select(deletion => deletion.Key);
        foreach (IGrouping<LogDirectory?, TopicPartition> partitions in done.GroupBy(_logs.DirectoryOf).ToList())
        {
            try
            {
                partitions.Key?.SettleLogStarts(partitions);
            }
            catch (StorageException)
            {
                foreach (TopicPartition partition in partitions)
                    deletions[partition] = Result(partition.Partition, ErrorCode.KafkaStorageError, NoLowWatermark);
            }
        }
    }
}
