using KBroker.LogEngine.Epochs;
using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Recovery;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// Brings a log to the disk and raises its recovery point. What has to be flushed is chosen under the gate; the wait for the disk
/// is outside. A truncation in between makes the outcome void. The active segment's indexes are left out: recovery rebuilds them
/// for the segment that holds the recovery point.
/// </summary>
internal sealed class LogFlusher(
    PartitionLog log, LogEnvironment environment, SegmentStore segments, LeaderEpochCache epochs, long recoveryPoint)
{
    private const int Resting = 0;
    private const int Waiting = 1;
    private const int Flushing = 2;
    private const int FlushingAndAsked = 3;

    private long _recoveryPoint = recoveryPoint;
    private long _dueEnd;
    private int _turn;
    private long _lastFlushMs = environment.NowMs;
    private int _truncations;

    public long RecoveryPoint => Volatile.Read(ref _recoveryPoint);

    /// <summary>See <see cref="PartitionLog.FlushDueEnd"/>; 0 when no append asked.</summary>
    public long DueEnd => Volatile.Read(ref _dueEnd);

    /// <summary>Called without the flush's gate, on the thread that flushed, when the recovery point rose or the flush failed.</summary>
    public Action? Flushed { get; set; }

    /// <summary>Whether <c>flush.ms</c> has passed over unflushed records.</summary>
    public bool IsDue(long nowMs, LogConfig config) =>
        config.FlushMs != long.MaxValue && RecoveryPoint < log.LogEndOffset && nowMs - Volatile.Read(ref _lastFlushMs) >= config.FlushMs;

    /// <summary>Where the unflushed segments end that no longer grow; the recovery point when there are none.</summary>
    public long SealedEnd => Math.Max(RecoveryPoint, segments.Active.BaseOffset);

    /// <summary>Under the gate: notes whether the log's settings want what it holds now on the disk. Nothing is flushed here.</summary>
    public void AfterAppend(LogConfig config)
    {
        long end = log.LogEndOffset;
        if (config.FlushEachAppend
            || (config.FlushMessages != long.MaxValue && end - Math.Max(_recoveryPoint, _dueEnd) >= config.FlushMessages))
            Volatile.Write(ref _dueEnd, Math.Max(_dueEnd, end));
    }

    /// <summary>Asks for a flush of what the log holds now, by the directory's committer.</summary>
    public void Request()
    {
        if (RecoveryPoint < log.LogEndOffset) environment.Committer.Request(this);
    }

    /// <summary>Whether the caller has to put this log into the committer's queue: it neither waits there nor will look again.</summary>
    public bool TryAskForTurn()
    {
        while (true)
        {
            int turn = Volatile.Read(ref _turn);
            if (turn is Waiting or FlushingAndAsked) return false;
            int next = turn == Resting ? Waiting : FlushingAndAsked;
            if (Interlocked.CompareExchange(ref _turn, next, turn) == turn) return next == Waiting;
        }
    }

    /// <summary>What asks from here on may not be covered.</summary>
    public void BeginTurn() => Volatile.Write(ref _turn, Flushing);

    /// <summary>Whether the log was asked for again meanwhile; it counts as waiting then.</summary>
    public bool EndTurn() =>
        Interlocked.CompareExchange(ref _turn, Resting, Flushing) != Flushing && Interlocked.Exchange(ref _turn, Waiting) == FlushingAndAsked;

    /// <summary>Flushes everything the log holds.</summary>
    public void FlushAll() => Flush(log.LogEndOffset);

    /// <summary>
    /// Under the gate: the log is about to be cut. The recovery point goes back first, in memory and on the disk: a crash within the cut
    /// leaves what recovery has to look at, and so do batches that are appended behind it if the checkpoint cannot be written later.
    /// </summary>
    /// <exception cref="StorageException">The checkpoint could not be written; nothing may be cut.</exception>
    public void BeforeTruncation(long offset)
    {
        _truncations++;
        if (_recoveryPoint <= offset) return;
        Volatile.Write(ref _recoveryPoint, offset);
        environment.RecoveryPointLowered();
    }

    /// <summary>Under the gate: the log was cut. What would tell of it after a power loss is on the disk when this returns.</summary>
    public void AfterTruncation(long endOffset)
    {
        if (_recoveryPoint > endOffset) Volatile.Write(ref _recoveryPoint, endOffset);
        if (_dueEnd > endOffset) Volatile.Write(ref _dueEnd, endOffset);
        epochs.Persist();
        if (segments.NamesDirty) environment.FileSystem.FlushDirectory(segments.Directory);
    }

    /// <summary>Flushes everything below <paramref name="offset"/>.</summary>
    public void Flush(long offset)
    {
        if (offset <= RecoveryPoint && !segments.NamesDirty && !epochs.IsDirty) return;
        var logs = new List<(SegmentFile Segment, ILogFile File)>();
        var indexes = new List<IndexFlush>();
        bool rose = false;
        try
        {
            bool names;
            int namesVersion;
            int truncations;
            lock (log.Gate)
            {
                log.ThrowIfNotOpen();
                truncations = _truncations;
                epochs.Persist();
                names = segments.NamesDirty;
                namesVersion = segments.NamesVersion;
                Choose(offset, logs, indexes);
                log.Producers.OpenForFlush(indexes);
            }

            // Before any record is: whose records these are has to be known.
            if (names) PartitionMetadataFile.Flush(environment.FileSystem, segments.Directory);
            foreach ((_, ILogFile file) in logs) file.Flush();
            foreach (IndexFlush index in indexes) index.File.Flush();
            if (names)
            {
                environment.FileSystem.FlushDirectory(segments.Directory);
                environment.FileSystem.FlushDirectory(Path.GetDirectoryName(segments.Directory)!);
            }

            lock (log.Gate)
            {
                foreach (IndexFlush index in indexes) index.Index.NoteFlushed(index.Version);
                if (names) segments.NoteNamesFlushed(namesVersion);
                rose = truncations == _truncations && offset > _recoveryPoint;
                if (rose) Volatile.Write(ref _recoveryPoint, offset);
                Volatile.Write(ref _lastFlushMs, environment.NowMs);
            }
        }
        catch (StorageException e)
        {
            log.Fail(e);
            Flushed?.Invoke();
            throw;
        }
        finally
        {
            foreach ((SegmentFile segment, _) in logs) segment.Release();
            foreach (IndexFlush index in indexes) index.File.Dispose();
        }

        if (rose) Flushed?.Invoke();
    }

    private void Choose(long offset, List<(SegmentFile Segment, ILogFile File)> logs, List<IndexFlush> indexes)
    {
        LogSegment[] all = segments.Snapshot;
        // The segment before the recovery point's may have ended exactly there, its indexes written since.
        for (int i = Math.Max(SegmentStore.Floor(all, _recoveryPoint) - 1, 0); i < all.Length && all[i].BaseOffset < offset; i++)
        {
            if (all[i].EndOffset > _recoveryPoint) logs.Add((all[i].File, all[i].Acquire()));
            if (i == all.Length - 1) continue;
            if (all[i].Offsets.OpenForFlush() is { } offsets) indexes.Add(offsets);
            if (all[i].Times.OpenForFlush() is { } times) indexes.Add(times);
            if (all[i].Transactions.OpenForFlush() is { } transactions) indexes.Add(transactions);
        }
    }
}
