using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// The producers of an open log: asked before an append, told after it, and kept in step with rolls, cuts and what the owner
/// commits. Everything is under the log's gate but what says otherwise.
/// </summary>
internal sealed class LogProducers(LogEnvironment environment, SegmentStore segments, ProducerStates states, ProducerSnapshots snapshots)
{
    private readonly PendingVerifications _verifications = new(environment.Producers.MaxProducers);
    private long _firstUnstable = states.Transactions.FirstUnstable;

    /// <summary>The first offset of a transaction that is not settled; <see cref="long.MaxValue"/> for none. Read without a lock.</summary>
    public long FirstUnstable => Volatile.Read(ref _firstUnstable);

    /// <summary>The number of producers remembered. Read without a lock.</summary>
    public int Count => states.Count;

    /// <summary>The number of producers that are about to begin a transaction. Read without a lock.</summary>
    public int PendingVerificationCount => _verifications.Count;

    /// <summary>Whether nothing is remembered of any producer. Read without a lock.</summary>
    public bool IsIdle => states.Count == 0 && _verifications.Count == 0;

    public AppendStatus Check(ReadOnlySpan<byte> records, in AppendTerms terms, out ProducerBatch duplicate) =>
        states.Check(records, terms, _verifications, out duplicate);

    /// <summary>See <see cref="PartitionLog.TryStartVerification"/>.</summary>
    public bool TryStartVerification(long producerId, short epoch, int sequence, bool bumpsEpoch, out long guard)
    {
        guard = 0;
        ProducerState? state = states.Find(producerId);
        if (state is not null && epoch < state.Epoch) return false;
        if (state is not { InTransaction: true } || state.Epoch != epoch)
            guard = _verifications.Start(producerId, epoch, sequence, bumpsEpoch, environment.Time.GetTimestamp());
        return true;
    }

    /// <summary>
    /// Takes disk space for what abort markers among the batches will add to the transaction index, before they are in the log.
    /// </summary>
    public void Reserve(ReadOnlySpan<byte> records)
    {
        int markers = 0;
        while (BatchHeader.TryParse(records, out BatchHeader header) && header.SizeInBytes <= records.Length)
        {
            if (header is { HasProducerId: true, IsControl: true } && states.Find(header.ProducerId) is { InTransaction: true }
                && EndTransactionMarker.TryRead(records[..header.SizeInBytes], out EndTransactionMarker marker) && !marker.IsCommit) markers++;
            records = records[header.SizeInBytes..];
        }

        if (markers > 0 && segments.Active.Transactions.Reserve(markers)) segments.MarkNamesDirty();
    }

    /// <summary>Takes in whole batches that the active segment holds.</summary>
    /// <exception cref="StorageException">An abort could not be noted: the log must take no more appends.</exception>
    /// <param name="records">The batches.</param>
    /// <param name="committedEnd">What the owner will not take back.</param>
    /// <param name="markersRaiseEpoch">Whether markers among them are known to, see <see cref="AppendTerms.MarkerRaisesEpoch"/>.</param>
    public void Applied(ReadOnlySpan<byte> records, long committedEnd, bool markersRaiseEpoch = false)
    {
        long now = environment.Time.GetTimestamp();
        bool changed = false;
        while (BatchHeader.TryParse(records, out BatchHeader header) && header.SizeInBytes <= records.Length)
        {
            changed |= header.HasProducerId;
            _verifications.Applied(header, markersRaiseEpoch);
            if (states.Apply(header, records[..header.SizeInBytes], committedEnd, now, out CompletedTransaction completed) && completed.IsAborted)
                NoteAbort(completed);
            records = records[header.SizeInBytes..];
        }

        if (changed) Publish();
    }

    /// <summary>Before the segment that starts at <paramref name="baseOffset"/> is made: its snapshot.</summary>
    public void BeforeRoll(long baseOffset)
    {
        states.EndOffset = baseOffset;
        if (snapshots.Write(states)) segments.MarkNamesDirty();
    }

    /// <summary>Before the log is flushed for the last time: where the next start begins.</summary>
    public void BeforeClose(long logEnd)
    {
        states.EndOffset = logEnd;
        if (snapshots.Write(states)) segments.MarkNamesDirty();
    }

    /// <summary>
    /// Before the owner's bound is raised to the offset: looks in the log for the transactions that ended at or above it and that a
    /// snapshot did not tell of. Only the first time after a start that the bound is below that snapshot does this read anything.
    /// </summary>
    /// <exception cref="StorageException">The disk failed; the bound must not be raised.</exception>
    public void Committing(long committedEnd)
    {
        long end = states.Transactions.EndedFrom;
        if (committedEnd >= end) return;
        states.Transactions.Recall(EndedBetween(committedEnd, end), committedEnd);
        Publish();
    }

    /// <summary>The owner's bound was raised.</summary>
    public void Committed(long committedEnd)
    {
        if (FirstUnstable == long.MaxValue) return;
        states.Transactions.Commit(committedEnd);
        Publish();
    }

    /// <summary>The log was cut: the states are those of what is left.</summary>
    public void Truncated(long logStart, long logEnd, long committedEnd)
    {
        if (snapshots.DeleteAbove(logEnd)) segments.MarkNamesDirty();
        _verifications.Clear();
        // The cut was stopped before anything went.
        if (states.EndOffset == logEnd) return;
        // Without any producers above there are none below.
        if (states.IsEmpty)
        {
            states.EndOffset = logEnd;
            states.Transactions.Recall([], logEnd);
            return;
        }

        long now = environment.Time.GetTimestamp();
        IReadOnlyList<(long First, long Last)> ended = states.Transactions.Ended;
        long endedFrom = states.Transactions.EndedFrom;
        snapshots.Load(states, new ProducerTail(segments.Snapshot, environment, isOpen: true), logStart, logEnd, now);
        states.Transactions.Recall(ended, endedFrom);
        new ProducerReplay(states, now).RunTo(segments.Snapshot, logEnd);
        states.Transactions.Commit(committedEnd);
        Publish();
    }

    /// <summary>
    /// Before the log is emptied: no snapshot of what it held may meet what it will hold. The producers stay until it is
    /// empty: a full disk may leave a part of it.
    /// </summary>
    public void BeforeStartOver()
    {
        snapshots.DeleteAll();
        environment.FileSystem.FlushDirectory(segments.Directory);
    }

    /// <summary>The log is empty and starts at the offset.</summary>
    public void StartedOver(long offset)
    {
        states.Clear(offset);
        _verifications.Clear();
        Publish();
    }

    /// <summary>Forgets who was silent for too long; returns how many.</summary>
    public int Expire()
    {
        ProducerOptions options = environment.Producers;
        _verifications.Expire(Before(options.VerificationExpiration < options.Expiration ? options.VerificationExpiration : options.Expiration));
        return states.Count == 0 ? 0 : states.Expire(Before(options.Expiration));

        long Before(TimeSpan silence) => environment.Time.GetTimestamp() - (long)(silence.TotalSeconds * environment.Time.TimestampFrequency);
    }

    public IReadOnlyList<ActiveProducer> Active() => [.. states.All.Select(state => new ActiveProducer(
        state.ProducerId,
        state.Epoch,
        state.Position.LastSequence,
        state.LastBatch?.LastOffset ?? -1,
        state.LastTimestamp,
        state.CoordinatorEpoch,
        state.TransactionStart))];

    public void OpenForFlush(List<IndexFlush> files) => snapshots.OpenForFlush(files);

    public void Relocate(string directory) => snapshots.Relocate(directory);

    /// <summary>
    /// The transactions with a marker between the offsets, by rising marker. Mostly a short way behind which there are none; only
    /// where there is a marker, the producers before it are made up from a snapshot to learn where its transaction began.
    /// </summary>
    private IReadOnlyList<(long First, long Last)> EndedBetween(long start, long end)
    {
        LogSegment[] all = segments.Snapshot;
        if (!ProducerReplay.HasMarker(all, start, end)) return [];
        long now = environment.Time.GetTimestamp();
        var before = new ProducerStates(environment.Producers);
        var earlier = new ProducerSnapshots(environment, segments.Directory);
        earlier.Load(before, new ProducerTail(all, environment, isOpen: true), all[0].BaseOffset, start, now);
        new ProducerReplay(before, now).RunTo(all, end);
        before.Transactions.Commit(start);
        return before.Transactions.Ended;
    }

    private void NoteAbort(in CompletedTransaction completed)
    {
        var aborted = new AbortedTransaction(completed.ProducerId, completed.FirstOffset, completed.LastOffset, completed.LastStableOffset);
        if (segments.Active.Transactions.Append(aborted)) segments.MarkNamesDirty();
    }

    private void Publish() => Volatile.Write(ref _firstUnstable, states.Transactions.FirstUnstable);
}
