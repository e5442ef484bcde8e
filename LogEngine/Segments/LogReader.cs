using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Recovery;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// Reads of a whole log without its lock. When a segment was closed between the look at the list and its use, the list is looked
/// at again; when an index turns out wrong, it is rebuilt under the gate and the read repeated.
/// </summary>
internal sealed class LogReader(PartitionLog log, SegmentStore segments, LogEnvironment environment)
{
    private readonly PartitionLog _log = log;
    private readonly SegmentStore _segments = segments;
    private readonly Lock _oneScan = new();

    public LogReadResult Read(long startOffset, int maxBytes, bool minOneMessage, long upperBound, bool withAborted, bool skipEmptied) =>
        Retried(new Request(startOffset, maxBytes, minOneMessage, upperBound, withAborted, skipEmptied), static (reader, request) => reader.ReadOnce(request));

    public TimestampOffset? FindByTimestamp(long timestamp) =>
        Retried(timestamp, static (reader, timestamp) => reader.FindByTimestampOnce(timestamp));

    public TimestampOffset? FindMaxTimestamp() => Retried(0, static (reader, _) => reader.FindMaxTimestampOnce());

    public SegmentStart[] SegmentStarts() => Retried(0, static (reader, _) => Array.ConvertAll(
        reader._segments.Snapshot, segment => new SegmentStart(segment.BaseOffset, segment.LargestTimestamp().Timestamp)));

    /// <summary>The time of a segment's newest record in milliseconds, -1 when none has a time; null when the segment is gone.</summary>
    public long? LargestTimestamp(LogSegment segment) => Retried(segment, static (reader, segment) =>
        Array.IndexOf(reader._segments.Snapshot, segment) < 0 ? (long?)null : segment.LargestTimestamp().Timestamp);

    private LogReadResult ReadOnce(in Request request)
    {
        (long startOffset, int maxBytes, bool minOneMessage, long upperBound, bool withAborted, bool skipEmptied) = request;
        // The local start first: it is never below the other, which may rise in between.
        long localStart = _log.LocalLogStartOffset;
        long logStart = _log.LogStartOffset;
        long logEnd = _log.LogEndOffset;
        LogSegment[] all = _segments.Snapshot;
        int i = SegmentStore.Floor(all, startOffset);
        // Segments went meanwhile, and before them the starts rose.
        if (i < 0) (localStart, logStart) = (_log.LocalLogStartOffset, _log.LogStartOffset);
        if (startOffset >= logStart && startOffset < localStart) return new LogReadResult(LogReadStatus.OnlyRemote, null, logStart, logEnd);
        if (startOffset < logStart || startOffset > logEnd || i < 0)
            return new LogReadResult(LogReadStatus.OffsetOutOfRange, null, logStart, logEnd);
        long bound = Math.Min(upperBound, logEnd);
        LogSegment? holder = null;
        LogSlice? slice = null;
        for (; i < all.Length && startOffset < bound && all[i].BaseOffset < bound; i++)
        {
            if (slice is not null && !IsEmptied(slice, holder!)) break;
            try
            {
                if (!SegmentReads.TryRead(all[i], startOffset, maxBytes, minOneMessage, bound, out LogSlice? found)) continue;
                // Where nothing else can be read, what is empty moves the reader on.
                if (found is null) break;
                slice?.Dispose();
                (holder, slice) = (all[i], found);
            }
            catch
            {
                slice?.Dispose();
                throw;
            }

            if (!skipEmptied) break;
        }

        if (slice is not null) slice.Log = _log;
        return new LogReadResult(LogReadStatus.Ok, slice, logStart, logEnd)
        {
            AbortedTransactions = withAborted && slice is not null ? AbortedIn(holder!, startOffset, slice) : null,
        };
    }

    /// <summary>Whether the slice holds the rest of a segment, of which compaction left no record.</summary>
    private static bool IsEmptied(LogSlice slice, LogSegment segment)
    {
        const int size = BatchHeader.MaxHeaderSize;
        if (slice.FirstBatchSize != size || slice.Length % size != 0 || slice.Position + slice.Length != segment.Size) return false;
        Span<byte> bytes = stackalloc byte[size];
        for (int at = 0; at < slice.Length; at += size)
        {
            slice.Read(bytes, at);
            if (!BatchHeader.TryParse(bytes, out BatchHeader header) || header.SizeInBytes != size || header.Magic < RecordBatchFormat.CurrentMagic) return false;
        }

        return true;
    }

    // Every transaction below what the reader may see has its entry by now, in this list of segments or an earlier one.
    private List<AbortedTransaction>? AbortedIn(LogSegment segment, long startOffset, LogSlice slice)
    {
        List<AbortedTransaction>? found = null;
        try
        {
            LogSegment[] all = _segments.Snapshot;
            int i = SegmentStore.Floor(all, segment.BaseOffset);
            // Gone, and its index with it: the next look tells where the log starts now.
            if (i < 0 || !ReferenceEquals(all[i], segment)) throw new SegmentClosedException();
            long upperBound = segment.Offsets.FindOffsetAt(slice.Position + slice.Length) ?? segment.EndOffset;
            while (i < all.Length && !all[i].Transactions.Collect(startOffset, upperBound, ref found)) i++;
            // The index has them by their ends. Not every client looks for the first one that begins.
            found?.Sort(static (one, other) => one.FirstOffset.CompareTo(other.FirstOffset));
            return found;
        }
        catch
        {
            slice.Dispose();
            throw;
        }
    }

    private TimestampOffset? FindByTimestampOnce(long timestamp)
    {
        long start = _log.LogStartOffset;
        foreach (LogSegment segment in _segments.Snapshot)
        {
            if (segment.EndOffset <= start || segment.LargestTimestamp().Timestamp < timestamp) continue;
            if (TimestampSearch.FindFirst(segment, timestamp, start, environment.Codecs) is { } found) return found;
        }

        return null;
    }

    // What a segment says of its largest timestamp is a bound: compaction may have taken the record, or it lies below the log's start.
    private TimestampOffset? FindMaxTimestampOnce()
    {
        long start = _log.LogStartOffset;
        var segments = new List<(LogSegment Segment, long Bound)>();
        foreach (LogSegment segment in _segments.Snapshot)
        {
            if (segment.EndOffset > start && segment.LargestTimestamp() is { Timestamp: >= 0 } largest) segments.Add((segment, largest.Timestamp));
        }

        segments.Sort(static (one, other) => other.Bound != one.Bound
            ? other.Bound.CompareTo(one.Bound)
            : one.Segment.BaseOffset.CompareTo(other.Segment.BaseOffset));
        TimestampOffset? latest = null;
        foreach ((LogSegment segment, long bound) in segments)
        {
            if (latest is { } best && (bound < best.Timestamp || (bound == best.Timestamp && segment.BaseOffset > best.Offset))) continue;
            if (TimestampSearch.FindLargest(segment, bound, start, environment.Codecs) is not { } found) continue;
            if (latest is null || found.Timestamp > latest.Value.Timestamp || (found.Timestamp == latest.Value.Timestamp && found.Offset < latest.Value.Offset))
                latest = found;
        }

        return latest;
    }

    private TResult Retried<TState, TResult>(TState state, Func<LogReader, TState, TResult> read)
    {
        LogSegment? corrupt = null;
        LogSegment? repeated = null;
        while (true)
        {
            LogSegment[] seen = _segments.Snapshot;
            try
            {
                if (corrupt is not null)
                {
                    Rebuild(corrupt);
                    (corrupt, repeated) = (null, corrupt);
                }

                return read(this, state);
            }
            catch (SegmentClosedException)
            {
                _log.ThrowIfNotOpen();
            }
            catch (StorageException e) when (e.IsNotFound && ListChanged(seen))
            {
                // A file that was not open was renamed or deleted between the look at the list and its use.
            }
            catch (StorageException e) when (e.Errno != 0 && !e.IsNotFound)
            {
                // The disk did not give back what it was given, where a batch that is none says nothing against the disk.
                _log.Fail(e);
                throw;
            }
            catch (CorruptIndexException e)
            {
                // Whoever made it anew, perhaps another reader since this one began: once more has to do.
                if (ReferenceEquals(e.Segment, repeated) && e.Segment.IndexesRebuilt)
                    throw new StorageException("read", e.Segment.File.Path, "batches do not follow each other, and a new index does not help");
                corrupt = e.Segment;
            }
        }
    }

    /// <summary>Whether the segments are others than those, when no change is under way.</summary>
    private bool ListChanged(LogSegment[] seen)
    {
        lock (_log.Gate)
        {
            _log.ThrowIfNotOpen();
            return !ReferenceEquals(_segments.Snapshot, seen);
        }
    }

    private void Rebuild(LogSegment segment)
    {
        // Who has the gate stops everybody anyway, and must not wait for a scan that needs it in the end.
        if (_log.Gate.IsHeldByCurrentThread)
        {
            RebuildAtOnce(segment);
            return;
        }

        lock (_oneScan)
        {
            int truncations;
            LogSegment shadow;
            lock (_log.Gate)
            {
                if (!NeedsRebuild(segment)) return;
                if (ReferenceEquals(segment, _segments.Active))
                {
                    RebuildAtOnce(segment);
                    return;
                }

                truncations = _log.Flusher.Truncations;
                shadow = segment.Shadow(environment, _log.Config);
            }

            IndexRebuild.Scan(shadow, _log.Config.IndexIntervalBytes);
            lock (_log.Gate)
            {
                // What a cut took may be in what was found: the next look begins anew.
                if (!NeedsRebuild(segment) || truncations != _log.Flusher.Truncations) return;
                _log.Guarded(() =>
                {
                    segment.TakeOver(shadow);
                    segment.IndexesRebuilt = true;
                    segment.Seal();
                });
            }
        }
    }

    private void RebuildAtOnce(LogSegment segment)
    {
        if (!NeedsRebuild(segment)) return;
        _log.Guarded(() => IndexRebuild.Run(segment, _log.Config.IndexIntervalBytes, seal: !ReferenceEquals(segment, _segments.Active)));
    }

    /// <summary>Under the gate: false when it was done meanwhile, or the segment is gone and lost its indexes by right.</summary>
    private bool NeedsRebuild(LogSegment segment)
    {
        _log.ThrowIfNotOpen();
        return !segment.IndexesRebuilt && _segments.All.Contains(segment);
    }

    private readonly record struct Request(long StartOffset, int MaxBytes, bool MinOneMessage, long UpperBound, bool WithAborted, bool SkipEmptied);
}
