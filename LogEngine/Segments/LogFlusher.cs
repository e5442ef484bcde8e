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
    private const int MostYields = 1000;

    private static readonly TimeSpan LongestGathering = TimeSpan.FromMicroseconds(250);

    private readonly Lock _oneAtATime = new();
    private long _recoveryPoint = recoveryPoint;
    private long _dueEnd;
    private long _dueAppends;
    private long _turnAppends;
    private long _expected;
    private TimeSpan _lastTurn;
    private int _turn;
    private long _lastFlushMs = environment.ElapsedMs;
    private int _truncations;

    public long RecoveryPoint => Volatile.Read(ref _recoveryPoint);

    /// <summary>See <see cref="PartitionLog.FlushDueEnd"/>; 0 when no append asked.</summary>
    public long DueEnd => Volatile.Read(ref _dueEnd);

    /// <summary>Called without the flush's gate, on the thread that flushed, when the recovery point rose or the flush failed.</summary>
    public Action? Flushed { get; set; }

    /// <summary>How often the log was cut: who decided on it before begins anew.</summary>
    public int Truncations => Volatile.Read(ref _truncations);

    /// <summary>Whether <c>flush.ms</c> has passed over unflushed records, by <see cref="LogEnvironment.ElapsedMs"/>.</summary>
    public bool IsDue(long elapsedMs, LogConfig config) =>
        config.FlushMs != long.MaxValue && RecoveryPoint < log.LogEndOffset && elapsedMs - Volatile.Read(ref _lastFlushMs) >= config.FlushMs;

    /// <summary>Where the unflushed segments end that no longer grow; the recovery point when there are none.</summary>
    public long SealedEnd => Math.Max(RecoveryPoint, segments.Active.BaseOffset);

    /// <summary>Under the gate: notes whether the log's settings want what it holds now on the disk. Nothing is flushed here.</summary>
    public void AfterAppend(LogConfig config)
    {
        long end = log.LogEndOffset;
        if (config.FlushEachAppend
            || (config.FlushMessages != long.MaxValue && end - Math.Max(_recoveryPoint, _dueEnd) >= config.FlushMessages))
        {
            Volatile.Write(ref _dueAppends, _dueAppends + 1);
            Volatile.Write(ref _dueEnd, Math.Max(_dueEnd, end));
        }
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

    /// <summary>
    /// Lets those who have just been told of the last flush append again, so that they share this one: without that, the first of
    /// them starts a flush of its own and all others wait for it. Whom to expect the last turn says: those it covered and those who
    /// came while it ran. Takes at most half the time of the last flush, and little; the thread gives way meanwhile.
    /// </summary>
    public void Gather()
    {
        if (IsGathered) return;
        TimeProvider time = environment.Time;
        TimeSpan most = _lastTurn / 2 < LongestGathering ? _lastTurn / 2 : LongestGathering;
        long start = time.GetTimestamp();
        for (int i = 0; i < MostYields && !IsGathered && time.GetElapsedTime(start) < most; i++) Thread.Yield();
    }

    /// <summary>Flushes everything the log holds; what asks from here on may not be covered.</summary>
    /// <returns>Whether the log was asked for again meanwhile; it counts as waiting then.</returns>
    public bool RunTurn()
    {
        // A full fence: who asked before it has no need to ask again, because its append is seen below.
        Interlocked.Exchange(ref _turn, Flushing);
        long covered = Volatile.Read(ref _dueAppends);
        long start = environment.Time.GetTimestamp();
        try
        {
            Flush(log.LogEndOffset);
        }
        catch (StorageException)
        {
            // Told to the log's owner and to the directory, which is offline now unless the failure can pass.
        }

        _lastTurn = environment.Time.GetElapsedTime(start);
        _expected = Volatile.Read(ref _dueAppends) - _turnAppends;
        _turnAppends = covered;
        return Interlocked.CompareExchange(ref _turn, Resting, Flushing) != Flushing
            && Interlocked.Exchange(ref _turn, Waiting) == FlushingAndAsked;
    }

    /// <summary>
    /// Under the gate: the log is about to be cut. The recovery point goes back first, in memory and on the disk: a crash within the cut
    /// leaves what recovery has to look at, and so do batches that are appended behind it if the checkpoint cannot be written later.
    /// </summary>
    /// <exception cref="StorageException">The checkpoint could not be written; nothing may be cut.</exception>
    public void BeforeTruncation(long offset)
    {
        _truncations++;
        CutMark.Set(environment.FileSystem, segments.Directory);
        if (_recoveryPoint <= offset) return;
        Volatile.Write(ref _recoveryPoint, offset);
        environment.RecoveryPointLowered();
    }

    /// <summary>Under the gate: the log was cut. What would tell of it after a power loss is on the disk when this returns.</summary>
    public void AfterTruncation(long endOffset)
    {
        if (_recoveryPoint > endOffset) Volatile.Write(ref _recoveryPoint, endOffset);
        // What is due stays: a write that still waits at an offset that is gone must not take it for one that nobody asked to flush.
        epochs.Persist();
        if (segments.NamesDirty) environment.FileSystem.FlushDirectory(segments.Directory);
        CutMark.Take(environment.FileSystem, segments.Directory);
    }

    /// <summary>Under the gate: the log is empty, and its names are on the disk.</summary>
    public void NothingToFlush() => Volatile.Write(ref _recoveryPoint, log.LogEndOffset);

    /// <summary>Flushes everything below <paramref name="offset"/>, or to the log end if that comes first.</summary>
    /// <remarks>
    /// One flush of a log at a time: the system tells a failed write-back once, to whichever of several calls on the same file comes
    /// first, and the others return as if all were well. Only the closing of a log, when nothing else flushes it, comes here with the gate.
    /// </remarks>
    public void Flush(long offset)
    {
        if (offset <= RecoveryPoint && !segments.NamesDirty && !epochs.IsDirty) return;
        bool rose;
        try
        {
            if (log.Gate.IsHeldByCurrentThread)
            {
                rose = FlushOnce(offset);
            }
            else
            {
                lock (_oneAtATime) rose = FlushOnce(offset);
            }
        }
        catch (StorageException)
        {
            Flushed?.Invoke();
            throw;
        }

        if (rose) Flushed?.Invoke();
    }

    private bool FlushOnce(long offset)
    {
        var logs = new List<(SegmentFile Segment, ILogFile File)>();
        var indexes = new List<IndexFlush>();
        try
        {
            bool names;
            int namesVersion;
            int truncations;
            lock (log.Gate)
            {
                log.ThrowIfNotOpen();
                offset = Math.Min(offset, log.LogEndOffset);
                truncations = _truncations;
                names = segments.NamesDirty;
                namesVersion = segments.NamesVersion;
                Choose(offset, logs, indexes);
                log.Producers.OpenForFlush(indexes);
            }

            // Before any record is: whose records these are has to be known.
            if (names) PartitionMetadataFile.Flush(environment.FileSystem, segments.Directory);
            epochs.Persist();
            foreach ((_, ILogFile file) in logs) file.Flush();
            foreach (IndexFlush index in indexes) index.File.Flush();
            if (names)
            {
                environment.FileSystem.FlushDirectory(segments.Directory);
                environment.FileSystem.FlushDirectory(Path.GetDirectoryName(segments.Directory)!);
            }

            lock (log.Gate)
            {
                // A failure elsewhere, such as in the flush of a cut, may be the one that this flush should have been told.
                log.ThrowIfNotOpen();
                foreach (IndexFlush index in indexes) index.Index.NoteFlushed(index.Version);
                if (names) segments.NoteNamesFlushed(namesVersion);
                Volatile.Write(ref _lastFlushMs, environment.ElapsedMs);
                if (truncations != _truncations || offset <= _recoveryPoint) return false;
                Volatile.Write(ref _recoveryPoint, offset);
                return true;
            }
        }
        catch (StorageException e)
        {
            log.Fail(e);
            throw;
        }
        finally
        {
            foreach ((SegmentFile segment, _) in logs) segment.Release();
            foreach (IndexFlush index in indexes) index.File.Dispose();
        }
    }

    private bool IsGathered => Volatile.Read(ref _dueAppends) - _turnAppends >= _expected;

    private void Choose(long offset, List<(SegmentFile Segment, ILogFile File)> logs, List<IndexFlush> indexes)
    {
        LogSegment[] all = segments.Snapshot;
        // The segment before the recovery point's may have ended exactly there, its indexes written since.
        for (int i = Math.Max(SegmentStore.Floor(all, _recoveryPoint) - 1, 0); i < all.Length && all[i].BaseOffset < offset; i++)
        {
            // What a failed append left and a cut took again has no offset, but keeps the file open until it is flushed.
            if (all[i].EndOffset > _recoveryPoint || !all[i].File.IsClean) logs.Add((all[i].File, all[i].Acquire()));
            if (i == all.Length - 1) continue;
            if (all[i].Offsets.OpenForFlush() is { } offsets) indexes.Add(offsets);
            if (all[i].Times.OpenForFlush() is { } times) indexes.Add(times);
            if (all[i].Transactions.OpenForFlush() is { } transactions) indexes.Add(transactions);
        }
    }
}
