using System.Diagnostics;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Epochs;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Recovery;
using KBroker.LogEngine.Retention;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine;

/// <summary>
/// The log of one partition on one disk. It knows offsets, epochs and files; who leads it does not know, and what is committed its owner tells it.
/// </summary>
/// <remarks>
/// Writers: every method that changes the log takes <see cref="Gate"/>, which is reentrant; an owner that has to make several
/// steps one (check its role, then append) holds it around them and needs no lock of its own. Readers take no lock: they see an
/// immutable list of segments and offsets published after the bytes they cover. <c>LogStartOffset ≤ CommittedEnd ≤ LogEndOffset</c> and
/// <c>RecoveryPoint ≤ LogEndOffset</c> hold whenever the gate is free. A truncation may take away bytes that a reader was given:
/// the owner fences reads by leader epoch. After a failed write or flush other than a full disk the log takes no more appends.
/// </remarks>
public sealed class PartitionLog
{
    private readonly LogEnvironment _environment;
    private readonly SegmentStore _segments;
    private readonly LeaderEpochCache _epochs;
    private readonly LogReader _reader;
    private readonly LogFlusher _flusher;
    private readonly LogProducers _producers;
    private volatile LogConfig _config;
    private long _logStartOffset;
    private long _localLogStartOffset;
    private long _remoteEndOffset;
    private long _logEndOffset;
    private long _committedEnd;
    // Whether the checkpoint on disk may have a later log start than the log.
    private bool _startIsLower;
    private volatile LogState _state;

    internal PartitionLog(LogEnvironment environment, TopicPartition partition, LogConfig config, LoadedLog loaded)
    {
        _environment = environment;
        _config = config;
        TopicPartition = partition;
        TopicId = loaded.TopicId;
        _segments = loaded.Segments;
        _epochs = loaded.Epochs;
        _logStartOffset = loaded.LogStartOffset;
        _localLogStartOffset = _segments.All[0].BaseOffset;
        _logEndOffset = loaded.LogEndOffset;
        _committedEnd = loaded.LogStartOffset;
        _producers = loaded.Producers;
        _reader = new LogReader(this, _segments, environment);
        _flusher = new LogFlusher(this, environment, _segments, _epochs, loaded.RecoveryPoint);
        Retention = new LogRetention(this, _segments, environment);
    }

    /// <summary>The lock of all changes.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Topic and number.</summary>
    public TopicPartition TopicPartition { get; }

    /// <summary>The topic's id as noted in <c>partition.metadata</c>; empty when there is none.</summary>
    public Guid TopicId { get; private set; }

    /// <summary>Where the files lie; another place once the log is deleted.</summary>
    public string Directory => _segments.Directory;

    /// <summary>The settings in force.</summary>
    public LogConfig Config => _config;

    /// <summary>The first offset that can be read.</summary>
    public long LogStartOffset => Volatile.Read(ref _logStartOffset);

    /// <summary>
    /// The first offset that can be read from this disk: the log start, unless a remote store holds what comes before (KIP-405).
    /// </summary>
    public long LocalLogStartOffset => Math.Max(Volatile.Read(ref _localLogStartOffset), LogStartOffset);

    /// <summary>The end (exclusive) of what a remote store has confirmed to hold, as the owner said; 0 when it holds nothing.</summary>
    public long RemoteEndOffset => Volatile.Read(ref _remoteEndOffset);

    /// <summary>The offset the next record gets.</summary>
    public long LogEndOffset => Volatile.Read(ref _logEndOffset);

    /// <summary>
    /// The end (exclusive) of what the owner will not take back. What cannot be undone stops here: retention, compaction, and the
    /// fate of a transaction. It lies between log start and log end, starts at the log start, and falls only with a truncation.
    /// </summary>
    public long CommittedEnd => Volatile.Read(ref _committedEnd);

    /// <summary>
    /// The end (exclusive) of what is settled: every transaction below has its marker, below <see cref="CommittedEnd"/>, also after a
    /// truncation and a restart. It lies between log start and <see cref="CommittedEnd"/>, thus at the log start until the owner tells after a
    /// restart what is committed. Takes no lock.
    /// </summary>
    public long LastStableOffset
    {
        get
        {
            // In this order: what was committed by then cannot begin a transaction that is not seen after.
            long committed = CommittedEnd;
            return Math.Min(committed, Math.Max(_producers.FirstUnstable, LogStartOffset));
        }
    }

    /// <summary>The number of producers that the log remembers.</summary>
    public int ProducerCount => _producers.Count;

    /// <summary>Everything below is on the disk; recovery starts here.</summary>
    public long RecoveryPoint => _flusher.RecoveryPoint;

    /// <summary>
    /// The largest end (exclusive) of an append that the settings (<see cref="LogConfig.FlushEachAppend"/>, <c>flush.messages</c>)
    /// want on the disk before it counts as done: appends that end at or below it wait for <see cref="RecoveryPoint"/>. It never
    /// goes back, not even with a truncation.
    /// </summary>
    public long FlushDueEnd => _flusher.DueEnd;

    /// <summary>
    /// Called when <see cref="RecoveryPoint"/> rose, and when a flush failed and the log is not open any more. On the thread that
    /// flushed, usually outside the gate; it must not wait.
    /// </summary>
    public Action? Flushed
    {
        get => _flusher.Flushed;
        set => _flusher.Flushed = value;
    }

    /// <summary>The size of all segments, in bytes.</summary>
    public long SizeInBytes => _segments.TotalSize();

    /// <summary>The number of segments, at least 1.</summary>
    public int SegmentCount => _segments.All.Length;

    /// <summary>The latest leader epoch in the log; <see cref="LeaderEpoch.Unknown"/> when there is none.</summary>
    public LeaderEpoch LatestEpoch => _epochs.Latest is { } epoch ? new LeaderEpoch(epoch) : LeaderEpoch.Unknown;

    /// <summary>The epochs and where they start.</summary>
    public IReadOnlyList<EpochEntry> Epochs => _epochs.Entries;

    /// <summary>How much room the log's disk has. Below <see cref="DiskSpaceLevel.Low"/> the log itself refuses appends as on a full disk.</summary>
    public DiskSpaceLevel SpaceLevel => _environment.Space.Level;

    /// <summary>Whether the log still takes changes: neither closed, deleted nor failed, and its directory online.</summary>
    public bool IsOpen => _state == LogState.Open && _environment.Health.Failure is null;

    internal LogState State => _state;

    internal LogFlusher Flusher => _flusher;

    internal LogReader Reader => _reader;

    internal LogRetention Retention { get; }

    internal SegmentStore Segments => _segments;

    internal LeaderEpochCache EpochCache => _epochs;

    internal LogProducers Producers => _producers;

    internal CompactionState Compaction { get; } = new();

    /// <summary>
    /// Appends batches of magic 2 that the caller has validated (structure, CRC, timestamps): stamps base offset, leader epoch and,
    /// where the topic asks for it, the append time into <paramref name="records"/>, and writes them with one call. Batches with a
    /// producer id are checked first against what the producer has in the log (KIP-98): one that is there is not written again.
    /// </summary>
    /// <exception cref="StorageException">The disk failed; nothing of the append is visible.</exception>
    public LogAppendResult AppendAsLeader(Span<byte> records, LeaderEpoch epoch, AppendOrigin origin = AppendOrigin.Client) =>
        AppendAsLeader(records, epoch, new AppendTerms(origin));

    /// <inheritdoc cref="AppendAsLeader(Span{byte}, LeaderEpoch, AppendOrigin)"/>
    public LogAppendResult AppendAsLeader(Span<byte> records, LeaderEpoch epoch, in AppendTerms terms)
    {
        lock (Gate)
        {
            ThrowIfNotOpen();
            LogConfig config = _config;
            long appendTime = config.MessageTimestampType == TimestampType.LogAppendTime ? _environment.NowMs : -1;
            AppendStatus status = _producers.Check(records, terms, out ProducerBatch duplicate);
            if (status == AppendStatus.Duplicate)
            {
                return new LogAppendResult(
                    status, duplicate.FirstOffset, duplicate.LastOffset, appendTime < 0 ? -1 : duplicate.Timestamp, LogStartOffset);
            }

            BatchRange range = default;
            if (status == AppendStatus.Appended)
                status = LeaderStamp.Apply(records, LogEndOffset, epoch, appendTime, config.MaxMessageBytes, out range);
            if (status == AppendStatus.Appended && records.Length > config.SegmentBytes) status = AppendStatus.RecordListTooLarge;
            if (status != AppendStatus.Appended) return new LogAppendResult(status, -1, -1, -1, LogStartOffset);
            Write(records, range, config, terms.MarkerRaisesEpoch);
            _epochs.Assign(epoch.Value, range.FirstOffset);
            _flusher.AfterAppend(config);
            return new LogAppendResult(AppendStatus.Appended, range.FirstOffset, range.LastOffset, appendTime, LogStartOffset);
        }
    }

    /// <summary>
    /// Appends batches that carry their leader's offsets and epochs, CRC checked by the caller. Bytes after the last whole batch
    /// are left out. Offsets must rise from the log end; gaps are allowed, as compaction leaves them. Producers were checked where the
    /// batches come from: here their states only follow.
    /// </summary>
    /// <exception cref="StorageException">The disk failed; nothing of the append is visible.</exception>
    public LogAppendResult AppendAsFollower(ReadOnlySpan<byte> records)
    {
        lock (Gate)
        {
            ThrowIfNotOpen();
            LogConfig config = _config;
            if (!BatchRange.TryMeasure(records, LogEndOffset, out BatchRange range))
                return new LogAppendResult(AppendStatus.OffsetsOutOfOrder, -1, -1, -1, LogStartOffset);
            if (range.Bytes == 0)
                return new LogAppendResult(AppendStatus.Appended, LogEndOffset, LogEndOffset - 1, -1, LogStartOffset);
            records = records[..range.Bytes];
            Write(records, range, config);
            while (BatchHeader.TryParse(records, out BatchHeader header))
            {
                _epochs.Assign(header.LeaderEpoch, header.BaseOffset);
                records = records[header.SizeInBytes..];
            }

            _flusher.AfterAppend(config);
            return new LogAppendResult(AppendStatus.Appended, range.FirstOffset, range.LastOffset, -1, LogStartOffset);
        }
    }

    /// <summary>
    /// Reads from the batch that holds <paramref name="startOffset"/>: at most <paramref name="maxBytes"/> bytes, but the whole
    /// first batch if <paramref name="minOneMessage"/>, and nothing if it does not fit otherwise; a later batch may be cut. No batch that reaches
    /// <paramref name="upperBound"/> (exclusive: high watermark, last stable offset or log end) is touched. With
    /// <paramref name="withAborted"/> the result tells the aborted transactions of what was read; the bound must then be a
    /// <see cref="LastStableOffset"/> or lower. With <paramref name="skipEmptied"/> a segment whose rest compaction left without records is
    /// passed over while there is something behind it: some clients take a response without any record for one that was cut. Takes no lock.
    /// </summary>
    /// <exception cref="StorageException">The disk failed or the log is closed.</exception>
    public LogReadResult Read(
        long startOffset, int maxBytes, bool minOneMessage, long upperBound, bool withAborted = false, bool skipEmptied = false) =>
        _reader.Read(startOffset, maxBytes, minOneMessage, upperBound, withAborted, skipEmptied);

    /// <summary>The producers that the log remembers, in no order.</summary>
    public IReadOnlyList<ActiveProducer> ActiveProducers()
    {
        lock (Gate) return _producers.Active();
    }

    /// <summary>
    /// Before a producer's coordinator is asked whether its transaction is open (KIP-890): a guard for the append that follows a yes. A
    /// marker of the producer that is written between the two makes the guard void.
    /// </summary>
    /// <param name="producerId">The producer.</param>
    /// <param name="epoch">The epoch of its batch.</param>
    /// <param name="sequence">The first sequence of its batch; -1 for a coordinator's.</param>
    /// <param name="bumpsEpoch">Whether its epoch rises with each transaction.</param>
    /// <param name="guard">For <see cref="AppendTerms.VerificationGuard"/>; 0 if the transaction is open in the log, so that nobody need be asked.</param>
    /// <returns>False if a later epoch of the producer has written (INVALID_PRODUCER_EPOCH).</returns>
    /// <exception cref="StorageException">The log takes no appends.</exception>
    public bool TryStartVerification(long producerId, short epoch, int sequence, bool bumpsEpoch, out long guard)
    {
        lock (Gate)
        {
            ThrowIfNotOpen();
            return _producers.TryStartVerification(producerId, epoch, sequence, bumpsEpoch, out guard);
        }
    }

    /// <summary>
    /// Forgets producers that were silent for <c>producer.id.expiration.ms</c>, and guards that nobody used within minutes; returns how
    /// many producers.
    /// </summary>
    public int ExpireProducers()
    {
        if (_producers.IsIdle) return 0;
        lock (Gate) return _producers.Expire();
    }

    /// <summary>
    /// The first record whose timestamp (milliseconds) is <paramref name="timestamp"/> or later; null when there is none. Takes no lock.
    /// </summary>
    public TimestampOffset? FindOffsetByTimestamp(long timestamp) => _reader.FindByTimestamp(timestamp);

    /// <summary>The first record with the largest timestamp of those the log has from its start on; null when none has one (KIP-734).</summary>
    public TimestampOffset? FindMaxTimestamp() => _reader.FindMaxTimestamp();

    /// <summary>Where each segment starts and its largest timestamp (milliseconds, -1 for none), by rising offset. Takes no lock.</summary>
    /// <exception cref="StorageException">The disk failed or the log is closed.</exception>
    public IReadOnlyList<SegmentStart> SegmentStarts() => _reader.SegmentStarts();

    /// <summary>Where an epoch ends in this log (OffsetForLeaderEpoch).</summary>
    public EpochEndOffset EndOffsetFor(LeaderEpoch epoch) => _epochs.EndOffsetFor(epoch.Value, LogEndOffset);

    /// <summary>The epoch of the record at an offset; <see cref="LeaderEpoch.Unknown"/> below the first noted one.</summary>
    public LeaderEpoch EpochAt(long offset) => _epochs.EpochAt(offset) is { } epoch ? new LeaderEpoch(epoch) : LeaderEpoch.Unknown;

    /// <summary>A leader starts its epoch at the log end, whether or not it ever appends.</summary>
    public void StartEpoch(LeaderEpoch epoch)
    {
        lock (Gate) _epochs.Assign(epoch.Value, LogEndOffset);
    }

    /// <summary>
    /// Notes that everything below the offset is committed; nothing if that is known or the offset lies beyond the log end. The first
    /// time after a restart it reads the headers of the batches behind the offset, to learn which transactions ended there. A disk
    /// that fails then ends the log's life, and nothing is noted.
    /// </summary>
    public void AdvanceCommittedEnd(long offset)
    {
        lock (Gate)
        {
            if (offset <= _committedEnd || offset > LogEndOffset) return;
            try
            {
                _producers.Committing(offset);
            }
            catch (StorageException e)
            {
                // What is settled cannot be told.
                Fail(e);
                return;
            }

            RaiseCommittedEnd(offset);
        }
    }

    /// <summary>
    /// Raises the log start (DeleteRecords, or a follower hearing its leader's) in memory alone: the log directory's
    /// <see cref="LogDirectory.SettleLogStarts"/> brings it to the disk and takes away the segments below; else the next look at
    /// retention does. False if it is not above the present start.
    /// </summary>
    public bool AdvanceLogStartOffset(long offset)
    {
        lock (Gate)
        {
            ThrowIfNotOpen();
            ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, LogEndOffset);
            return RaiseLogStart(offset);
        }
    }

    /// <summary>
    /// Notes that a remote store holds everything from the log start to the offset: with <see cref="LogConfig.RemoteStorage"/>, retention
    /// may take it from this disk. Nothing if that is known or the offset is not committed.
    /// </summary>
    public void AdvanceRemoteEndOffset(long offset)
    {
        lock (Gate)
        {
            if (offset > _remoteEndOffset && offset <= _committedEnd) Volatile.Write(ref _remoteEndOffset, offset);
        }
    }

    /// <summary>Under the gate: what comes before is read from a remote store from here on; its segments stay for now.</summary>
    internal void RaiseLocalLogStart(long offset)
    {
        if (offset <= LocalLogStartOffset) return;
        Debug.Assert(offset <= _remoteEndOffset, "the remote store holds what goes from this disk");
        Volatile.Write(ref _localLogStartOffset, offset);
    }

    /// <summary>Under the gate: raises the log start and leaves the segments below it; false if it is not above the present start.</summary>
    internal bool RaiseLogStart(long offset)
    {
        if (offset <= LogStartOffset) return false;
        Volatile.Write(ref _logStartOffset, offset);
        // At the log start nothing has to be known of what follows.
        if (offset > _committedEnd) RaiseCommittedEnd(offset);
        _epochs.TruncateFromStart(offset);
        return true;
    }

    /// <summary>
    /// Cuts the log at an offset: batches that hold it or later ones go. False if the log ends there or earlier. An offset below
    /// the log start empties the log, which then starts and ends there.
    /// </summary>
    public bool TruncateTo(long offset)
    {
        lock (Gate)
        {
            ThrowIfNotOpen();
            ArgumentOutOfRangeException.ThrowIfNegative(offset);
            if (offset >= LogEndOffset) return false;
            if (offset < LocalLogStartOffset)
            {
                StartOver(offset, Math.Min(offset, LogStartOffset));
                return true;
            }

            Guarded(() =>
            {
                _flusher.BeforeTruncation(offset);
                // Readers stop at the new end before the bytes behind it go.
                long end = LogEndOffset;
                Volatile.Write(ref _logEndOffset, offset);
                try
                {
                    offset = LogTruncation.Cut(_segments, offset, _config);
                }
                finally
                {
                    // If the cut stopped half-way, the log ends where its last segment does.
                    EndAt(Math.Max(offset, _segments.Active.EndOffset));
                    Debug.Assert(LogEndOffset <= end, "a cut does not lengthen the log");
                }

                _flusher.AfterTruncation(LogEndOffset);
                if (Compaction.Truncated(LogEndOffset)) _environment.CleanedEndLowered();
            });
            return true;
        }
    }

    /// <summary>Drops everything; the log starts and ends at the offset.</summary>
    public void TruncateFullyAndStartAt(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        StartOver(offset, offset);
    }

    /// <summary>Drops all that this disk holds and ends the log at the offset; what comes before, from the log start on, is in a remote store.</summary>
    private void StartOver(long offset, long logStart)
    {
        lock (Gate)
        {
            ThrowIfNotOpen();
            Guarded(() =>
            {
                // Stopped half-way, the log ends anywhere.
                _flusher.BeforeTruncation(Math.Min(offset, LogStartOffset));
                _producers.BeforeStartOver();
                try
                {
                    _segments.StartOver(offset, _config);
                }
                catch (StorageException)
                {
                    // What is left is the front of the log.
                    EndAt(Math.Max(_segments.Active.EndOffset, LogStartOffset));
                    throw;
                }

                _startIsLower |= logStart < LogStartOffset;
                if (logStart < LogStartOffset) Volatile.Write(ref _logStartOffset, logStart);
                Volatile.Write(ref _localLogStartOffset, offset);
                Volatile.Write(ref _logEndOffset, offset);
                Volatile.Write(ref _logStartOffset, logStart);
                Volatile.Write(ref _committedEnd, offset);
                _producers.StartedOver(offset);
                Volatile.Write(ref _remoteEndOffset, logStart == offset ? 0 : Math.Min(_remoteEndOffset, offset));
                if (logStart == offset) _epochs.Clear();
                else _epochs.TruncateFromEnd(offset);
                _flusher.AfterTruncation(offset);
                _flusher.NothingToFlush();
                if (Compaction.Truncated(offset)) _environment.CleanedEndLowered();
                NoteLowerStart();
            });
        }
    }

    /// <summary>Ends the active segment, if it holds anything.</summary>
    public void Roll()
    {
        lock (Gate)
        {
            ThrowIfNotOpen();
            if (_segments.Active.Size == 0) return;
            Guarded(() =>
            {
                _ = ReadyToGrow(_config);
                RollAt(LogEndOffset, _config);
            });
        }
    }

    /// <summary>Puts new settings in force, from the next append on.</summary>
    public void UpdateConfig(LogConfig config) => _config = config;

    /// <summary>Notes the topic's id, where a log from before topic ids has none.</summary>
    /// <exception cref="InvalidOperationException">It has another one.</exception>
    public void AssignTopicId(Guid topicId)
    {
        lock (Gate)
        {
            ThrowIfNotOpen();
            if (TopicId == topicId) return;
            if (TopicId != Guid.Empty) throw new InvalidOperationException($"{Directory} belongs to another topic id");
            Guarded(() => PartitionMetadataFile.Replace(_environment.FileSystem, Directory, topicId));
            TopicId = topicId;
        }
    }

    /// <summary>Returns when everything appended before the call is on the disk. Waits for the disk outside the gate.</summary>
    /// <exception cref="StorageException">The flush failed: the log takes no more appends, and the flush is not repeated.</exception>
    public void Flush() => _flusher.Flush(LogEndOffset);

    /// <summary>
    /// Asks the directory's committer to bring everything appended so far to the disk, together with what others append until it
    /// comes to it; <see cref="Flushed"/> tells when. To be called without the gate after an append that <see cref="FlushDueEnd"/>
    /// covers. Does not wait.
    /// </summary>
    public void RequestFlush() => _flusher.Request();

    /// <summary>What compaction has to leave of each producer.</summary>
    internal Dictionary<long, ProducerMark> ProducerMarks() =>
        ActiveProducers().ToDictionary(producer => producer.ProducerId, producer => new ProducerMark(producer.LastOffset, producer.Epoch));

    /// <summary>Flushes, trims the files and lets go of them. Slices in use stay valid.</summary>
    internal void Close()
    {
        lock (Gate)
        {
            if (_state != LogState.Open) return;
            Guarded(() =>
            {
                SealActive();
                _epochs.Persist();
                _producers.BeforeClose(LogEndOffset);
            });
            Flush();
            Guarded(_segments.Active.FlushIndexes);
            _state = LogState.Closed;
            _segments.Release();
        }
    }

    /// <summary>Lets go of the files without writing anything: the directory is offline or was deleted.</summary>
    internal void Abandon(LogState state)
    {
        lock (Gate)
        {
            if (_state is LogState.Closed or LogState.Deleted) return;
            _state = state;
            _segments.Release();
        }
    }

    /// <summary>The directory was renamed.</summary>
    internal void Relocate(string directory)
    {
        lock (Gate)
        {
            _segments.Relocate(directory);
            _epochs.Relocate(directory);
            _producers.Relocate(directory);
        }
    }

    internal void ThrowIfNotOpen()
    {
        if (_state != LogState.Open) throw new StorageException("use", Directory, $"the log is {_state}");
        if (_environment.Health.Failure is { } failure) throw new StorageException("use", Directory, failure.Message, failure);
    }

    /// <summary>Runs a change; a failed disk other than a full one ends the log's life.</summary>
    internal void Guarded(Action change)
    {
        try
        {
            change();
        }
        catch (StorageException e)
        {
            Fail(e);
            throw;
        }
    }

    internal void Fail(StorageException failure)
    {
        if (failure.MayPass) return;
        lock (Gate)
        {
            if (_state is LogState.Closed or LogState.Deleted)
            {
                // The files were taken from under whoever still used them: that says nothing of the disk. A flush had its file.
                if (!failure.IsFlush) return;
            }
            else
            {
                _state = LogState.Failed;
            }
        }

        _environment.Health.Report(failure);
    }

    private void RaiseCommittedEnd(long offset)
    {
        Volatile.Write(ref _committedEnd, offset);
        _producers.Committed(offset);
    }

    // Before anything is appended: the next start would take what lies below the noted start for deleted.
    private void NoteLowerStart()
    {
        if (!_startIsLower) return;
        _environment.LogStartLowered();
        _startIsLower = false;
    }

    private void EndAt(long offset)
    {
        Volatile.Write(ref _logEndOffset, offset);
        Volatile.Write(ref _committedEnd, Math.Min(_committedEnd, offset));
        Volatile.Write(ref _remoteEndOffset, Math.Min(_remoteEndOffset, offset));
        _producers.Truncated(_segments.All[0].BaseOffset, offset, _committedEnd);
        _epochs.TruncateFromEnd(offset);
    }

    private void Write(ReadOnlySpan<byte> batches, in BatchRange range, LogConfig config, bool markersRaiseEpoch = false)
    {
        _environment.Space.ThrowIfExhausted("append", Directory);
        try
        {
            NoteLowerStart();
            LogSegment active = ReadyToGrow(config);
            if (RollPolicy.ShouldRoll(active, config, batches.Length, range.MaxTimestamp, range.LastOffset, _environment.ElapsedMs))
            {
                // A follower's batches may start after a gap: the new segment starts with them, so that every offset of it
                // fits an index entry.
                RollAt(Math.Max(LogEndOffset, range.FirstOffset), config);
                active = _segments.Active;
            }

            _producers.Reserve(batches);
            active.Append(batches, config);
            Volatile.Write(ref _logEndOffset, range.LastOffset + 1);
        }
        catch (StorageException e)
        {
            Fail(e);
            throw;
        }

        try
        {
            _producers.Applied(batches, _committedEnd, markersRaiseEpoch);
        }
        catch (StorageException e)
        {
            // The marker is in the log and its abort is not noted: only a restart, which reads the log again, puts that right.
            Fail(new StorageException("note an abort", e.Path, e.Message, cause: null));
            throw;
        }
    }

    // An index that the budget has let go may be found damaged when it is read again.
    private LogSegment ReadyToGrow(LogConfig config)
    {
        LogSegment active = _segments.Active;
        try
        {
            active.PrepareToGrow();
        }
        catch (CorruptIndexException)
        {
            IndexRebuild.Run(active, config.IndexIntervalBytes, seal: false);
        }

        return active;
    }

    // Does not read the indexes of a log that nobody appended to, if it need not.
    private void SealActive()
    {
        LogSegment active = _segments.Active;
        try
        {
            active.Seal();
        }
        catch (CorruptIndexException)
        {
            IndexRebuild.Run(active, _config.IndexIntervalBytes, seal: true);
        }
    }

    private void RollAt(long baseOffset, LogConfig config)
    {
        _producers.BeforeRoll(baseOffset);
        _segments.Roll(baseOffset, config);
    }
}

/// <summary>The life of a log.</summary>
internal enum LogState
{
    Open,
    Closed,
    Deleted,
    Failed,
}
