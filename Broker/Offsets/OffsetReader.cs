using KBroker.Broker.Partitions;
using KBroker.LogEngine;
using KBroker.LogEngine.Epochs;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Offsets;

/// <summary>Finds the offset that a timestamp, or a number that stands for a position, means in a partition.</summary>
public static class OffsetReader
{
    /// <summary>The offset after the last record that the reader may see.</summary>
    public const long Latest = -1;

    /// <summary>The first offset there is.</summary>
    public const long Earliest = -2;

    /// <summary>The record with the largest timestamp (KIP-734).</summary>
    public const long MaxTimestamp = -3;

    /// <summary>The first offset on local disk (KIP-405); without remote storage the first there is.</summary>
    public const long EarliestLocal = -4;

    /// <summary>The last offset in remote storage (KIP-1005); without remote storage there is none.</summary>
    public const long LatestTiered = -5;

    /// <summary>The first offset that still has to go to remote storage (KIP-1023); without remote storage there is none.</summary>
    public const long EarliestPendingUpload = -6;

    /// <summary>Whether a version of ListOffsets from 1 on knows a negative timestamp; others are times.</summary>
    public static bool IsKnown(long timestamp, short version) => timestamp switch
    {
        >= 0 => true,
        Latest or Earliest => version >= 1,
        MaxTimestamp => version >= 7,
        EarliestLocal => version >= 8,
        LatestTiered => version >= 9,
        EarliestPendingUpload => version >= 11,
        _ => false,
    };

    /// <summary>Finds an offset.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="timestamp">Milliseconds, or one of the numbers above.</param>
    /// <param name="reader">Who asks.</param>
    /// <param name="knownEpoch">The epoch the reader knows, or unknown (KIP-320).</param>
    public static ListedOffset Find(Partition partition, long timestamp, OffsetReaderKind reader, LeaderEpoch knownEpoch)
    {
        ErrorCode error = partition.CheckReader(knownEpoch);
        if (error == ErrorCode.NotLeaderOrFollower && reader == OffsetReaderKind.Debugger) error = ErrorCode.None;
        if (error != ErrorCode.None) return ListedOffset.Failed(error);
        try
        {
            return FindIn(partition, timestamp, reader);
        }
        catch (StorageException)
        {
            return ListedOffset.Failed(ErrorCode.KafkaStorageError);
        }
    }

    private static ListedOffset FindIn(Partition partition, long timestamp, OffsetReaderKind reader)
    {
        PartitionLog log = partition.Log;
        switch (timestamp)
        {
            case Earliest or EarliestLocal:
                long start = timestamp == Earliest ? log.LogStartOffset : log.LocalLogStartOffset;
                return ListedOffset.Position(start, log.EpochAt(start).Value);
            case LatestTiered or EarliestPendingUpload:
                return ListedOffset.Position(-1, -1);
        }

        long end = EndFor(partition, reader);
        // A new leader cannot tell how far the last one let consumers see until its own term is replicated (KIP-207).
        bool isBehind = reader is OffsetReaderKind.Consumer or OffsetReaderKind.CommittedConsumer && IsBehindItsTerm(partition);
        if (timestamp == Latest)
            return isBehind ? ListedOffset.Failed(ErrorCode.OffsetNotAvailable) : ListedOffset.Position(end, partition.Leadership.LeaderEpoch.Value);

        TimestampOffset? found = timestamp == MaxTimestamp ? log.FindMaxTimestamp() : log.FindOffsetByTimestamp(timestamp);
        if (found is { } record && record.Offset < end) return new ListedOffset(ErrorCode.None, record.Timestamp, record.Offset, record.LeaderEpoch);
        return isBehind ? ListedOffset.Failed(ErrorCode.OffsetNotAvailable) : ListedOffset.None;
    }

    private static long EndFor(Partition partition, OffsetReaderKind reader) => reader switch
    {
        OffsetReaderKind.Consumer => partition.HighWatermark,
        OffsetReaderKind.CommittedConsumer => partition.LastStableOffset,
        _ => partition.Log.LogEndOffset,
    };

    private static bool IsBehindItsTerm(Partition partition)
    {
        int term = partition.Leadership.LeaderEpoch.Value;
        return partition.Log.Epochs is [.., EpochEntry last] && last.Epoch == term && last.StartOffset > partition.HighWatermark;
    }
}

/// <summary>Who asks for an offset, which decides how far it sees.</summary>
public enum OffsetReaderKind
{
    /// <summary>A consumer: up to the high watermark.</summary>
    Consumer,

    /// <summary>A consumer with read_committed: up to the last stable offset.</summary>
    CommittedConsumer,

    /// <summary>A replica: up to the log end.</summary>
    Replica,

    /// <summary>A tool (replica id -2): up to the log end, from any replica.</summary>
    Debugger,
}
