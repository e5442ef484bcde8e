using KBroker.Broker.Connections;
using KBroker.Broker.Partitions;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DescribeLogDirs (key 35): which partitions lie in which log directory, and how large they are (KIP-113).
/// </summary>
/// <remarks>
/// Versions 0-5. v1: the client backs off by itself when throttled; Kafka 4 serves from here on. v2: flexible. v3: an error code
/// for all. v4: size and free space of the disks (KIP-827). v5: whether a directory is cordoned, which none is here (KIP-1066).
/// Null topics mean all. A directory whose disk failed is named with KAFKA_STORAGE_ERROR.
/// </remarks>
public sealed class DescribeLogDirsHandler : ApiHandler<DescribeLogDirsRequest>
{
    private readonly LogDirectories _logs;
    private readonly PartitionRegistry _partitions;

    /// <param name="logs">The directories.</param>
    /// <param name="partitions">The replicas here, which know how far they are behind.</param>
    public DescribeLogDirsHandler(LogDirectories logs, PartitionRegistry partitions)
        : base(ApiKey.DescribeLogDirs, DescribeLogDirsRequest.LowestVersion, DescribeLogDirsRequest.HighestVersion)
    {
        _logs = logs;
        _partitions = partitions;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DescribeLogDirsRequest request)
    {
        HashSet<TopicPartition>? wanted = request.Topics is null ? null
            : [.. request.Topics.SelectMany(topic => topic.Partitions.Select(index => new TopicPartition(topic.Topic, index)))];
        return ValueTask.FromResult(PendingResponse.Ready(new DescribeLogDirsResponse
        {
            Results = [.. _logs.All.Select(directory => Describe(directory, wanted)), .. _logs.Unavailable.Keys.Select(Failed)],
        }));
    }

    private static DescribeLogDirsResponse.DescribeLogDirsResult Failed(string path) =>
        new() { LogDir = path, ErrorCode = ErrorCode.KafkaStorageError };

    private DescribeLogDirsResponse.DescribeLogDirsResult Describe(LogDirectory directory, HashSet<TopicPartition>? wanted)
    {
        if (directory.IsOffline) return Failed(directory.Path);
        try
        {
            return new DescribeLogDirsResponse.DescribeLogDirsResult
            {
                LogDir = directory.Path,
                TotalBytes = directory.TotalSpace,
                UsableBytes = directory.FreeSpace,
                Topics = [.. directory.Logs
                    .Where(log => wanted is null || wanted.Contains(log.TopicPartition))
                    .GroupBy(log => log.TopicPartition.Topic, StringComparer.Ordinal)
                    .Select(topic => new DescribeLogDirsResponse.DescribeLogDirsTopic
                    {
                        Name = topic.Key,
                        Partitions = [.. topic.Select(Describe)],
                    })],
            };
        }
        catch (StorageException)
        {
            return Failed(directory.Path);
        }
    }

    private DescribeLogDirsResponse.DescribeLogDirsPartition Describe(PartitionLog log)
    {
        TopicPartition place = log.TopicPartition;
        bool isServed = _partitions.TryGet(place.Topic, place.Partition, out Partition? partition) && partition.Log == log;
        return new DescribeLogDirsResponse.DescribeLogDirsPartition
        {
            PartitionIndex = place.Partition,
            PartitionSize = log.SizeInBytes,
            OffsetLag = isServed ? Math.Max(partition!.HighWatermark - log.LogEndOffset, 0) : 0,
        };
    }
}
