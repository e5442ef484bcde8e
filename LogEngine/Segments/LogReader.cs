using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Recovery;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Compression;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// Reads of a whole log without its lock. When a segment was closed between the look at the list and its use, the list is looked
/// at again; when an index turns out wrong, it is rebuilt under the gate and the read repeated.
/// </summary>
internal sealed class LogReader(PartitionLog log, SegmentStore segments, CompressionCodecs codecs)
{
    public LogReadResult Read(long startOffset, int maxBytes, bool minOneMessage, long upperBound)
    {
        LogSegment? rebuilt = null;
        while (true)
        {
            try
            {
                return ReadOnce(startOffset, maxBytes, minOneMessage, upperBound);
            }
            catch (SegmentClosedException)
            {
                log.ThrowIfNotOpen();
            }
            catch (CorruptIndexException e)
            {
                Rebuild(e.Segment, ref rebuilt);
            }
        }
    }

    public TimestampOffset? FindByTimestamp(long timestamp) => Retried(() => FindByTimestampOnce(timestamp));

    public TimestampOffset? FindMaxTimestamp() => Retried(FindMaxTimestampOnce);

    public SegmentStart[] SegmentStarts() => Retried(() => Array.ConvertAll(
        segments.Snapshot, segment => new SegmentStart(segment.BaseOffset, segment.LargestTimestamp().Timestamp)));

    private LogReadResult ReadOnce(long startOffset, int maxBytes, bool minOneMessage, long upperBound)
    {
        long logStart = log.LogStartOffset;
        long logEnd = log.LogEndOffset;
        LogSegment[] all = segments.Snapshot;
        int i = SegmentStore.Floor(all, startOffset);
        if (startOffset < logStart || startOffset > logEnd || i < 0)
            return new LogReadResult(LogReadStatus.OffsetOutOfRange, null, logStart, logEnd);
        long bound = Math.Min(upperBound, logEnd);
        for (; i < all.Length && startOffset < bound && all[i].BaseOffset < bound; i++)
        {
            if (SegmentReads.TryRead(all[i], startOffset, maxBytes, minOneMessage, bound, out LogSlice? slice))
                return new LogReadResult(LogReadStatus.Ok, slice, logStart, logEnd);
        }

        return new LogReadResult(LogReadStatus.Ok, null, logStart, logEnd);
    }

    private TimestampOffset? FindByTimestampOnce(long timestamp)
    {
        long start = log.LogStartOffset;
        foreach (LogSegment segment in segments.Snapshot)
        {
            if (segment.EndOffset <= start || segment.LargestTimestamp().Timestamp < timestamp) continue;
            if (TimestampSearch.FindFirst(segment, timestamp, start, codecs) is { } found) return found;
        }

        return null;
    }

    private TimestampOffset? FindMaxTimestampOnce()
    {
        TimePosition largest = new(-1, -1);
        LogSegment? holder = null;
        foreach (LogSegment segment in segments.Snapshot)
        {
            TimePosition candidate = segment.LargestTimestamp();
            if (candidate.Timestamp > largest.Timestamp) (largest, holder) = (candidate, segment);
        }

        return holder is null ? null : TimestampSearch.FindFirst(holder, largest.Timestamp, log.LogStartOffset, codecs);
    }

    private T Retried<T>(Func<T> read)
    {
        LogSegment? rebuilt = null;
        while (true)
        {
            try
            {
                return read();
            }
            catch (SegmentClosedException)
            {
                log.ThrowIfNotOpen();
            }
            catch (CorruptIndexException e)
            {
                Rebuild(e.Segment, ref rebuilt);
            }
        }
    }

    private void Rebuild(LogSegment segment, ref LogSegment? rebuilt)
    {
        if (ReferenceEquals(segment, rebuilt))
            throw new StorageException("read", segment.File.Path, "batches do not follow each other, and a new index does not help");
        rebuilt = segment;
        lock (log.Gate)
        {
            log.ThrowIfNotOpen();
            log.Guarded(() => IndexRebuild.Run(segment, log.Config.IndexIntervalBytes, seal: !ReferenceEquals(segment, segments.Active)));
        }
    }
}
