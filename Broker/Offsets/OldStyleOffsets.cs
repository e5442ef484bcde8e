using KBroker.Broker.Partitions;
using KBroker.LogEngine;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Offsets;

/// <summary>
/// ListOffsets version 0: the first offsets of segments that are not newer than a time, newest first. How new a segment is
/// shows its largest timestamp, where Kafka takes the file's.
/// </summary>
internal static class OldStyleOffsets
{
    /// <summary>Lists offsets.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="timestamp">Milliseconds, -1 for the end, -2 for the start.</param>
    /// <param name="maxOffsets">The most offsets to list.</param>
    /// <param name="reader">Who asks.</param>
    /// <param name="offsets">The offsets, falling.</param>
    public static ErrorCode List(Partition partition, long timestamp, int maxOffsets, OffsetReaderKind reader, out long[] offsets)
    {
        offsets = [];
        if (timestamp < OffsetReader.Earliest) return ErrorCode.UnsupportedVersion;
        ErrorCode error = partition.CheckReader(LeaderEpoch.Unknown);
        if (error == ErrorCode.NotLeaderOrFollower && reader == OffsetReaderKind.Debugger) error = ErrorCode.None;
        if (error != ErrorCode.None) return error;
        try
        {
            long end = reader == OffsetReaderKind.Consumer ? partition.HighWatermark : partition.Log.LogEndOffset;
            offsets = [.. Candidates(partition.Log, timestamp, end).Take(Math.Max(maxOffsets, 0))];
            return ErrorCode.None;
        }
        catch (StorageException)
        {
            return ErrorCode.KafkaStorageError;
        }
    }

    private static IEnumerable<long> Candidates(PartitionLog log, long timestamp, long end)
    {
        long start = log.LogStartOffset;
        if (timestamp == OffsetReader.Earliest) return [start];
        IEnumerable<long> starts = log.SegmentStarts().Reverse()
            .SkipWhile(segment => timestamp != OffsetReader.Latest && segment.LargestTimestamp > timestamp)
            .Select(segment => Math.Max(segment.BaseOffset, start))
            .Where(offset => offset < end);
        return timestamp == OffsetReader.Latest ? starts.Prepend(end) : starts;
    }
}
