using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// The producers of an open log: asked before an append, told after it, and kept in step with rolls, cuts and what the owner
/// commits. Everything is under the log's gate but what says otherwise.
/// </summary>
internal sealed class LogProducers(LogEnvironment environment, SegmentStore segments, ProducerStates states, ProducerSnapshots snapshots)
{
    private long _firstUnstable = states.Transactions.FirstUnstable;

    /// <summary>The first offset of a transaction that is not settled; <see cref="long.MaxValue"/> for none. Read without a lock.</summary>
    public long FirstUnstable => Volatile.Read(ref _firstUnstable);

    /// <summary>The number of producers remembered. Read without a lock.</summary>
    public int Count => states.Count;

    public AppendStatus Check(ReadOnlySpan<byte> records, AppendOrigin origin, out ProducerBatch duplicate) =>
        states.Check(records, origin, out duplicate);

    /// <summary>
    /// Takes disk space for what abort markers among the batches will add to the transaction index, before they are in the log.
    /// </summary>
    public void Reserve(ReadOnlySpan<byte> records)
    {
        int markers = 0;
        while (BatchHeader.TryParse(records, out BatchHeader header) && header.SizeInBytes <= records.Length)
        {
            if (header is { HasProducerId: true, IsControl: true } && states.Find(header.ProducerId) is { InTransaction: true }) markers++;
            records = records[header.SizeInBytes..];
        }

        if (markers > 0 && segments.Active.Transactions.Reserve(markers)) segments.MarkNamesDirty();
    }

    /// <summary>Takes in whole batches that the active segment holds.</summary>
    /// <exception cref="StorageException">An abort could not be noted: the log must take no more appends.</exception>
    public void Applied(ReadOnlySpan<byte> records, long committedEnd)
    {
        long now = environment.Time.GetTimestamp();
        bool changed = false;
        while (BatchHeader.TryParse(records, out BatchHeader header) && header.SizeInBytes <= records.Length)
        {
            changed |= header.HasProducerId;
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
        // Without any producers above there are none below.
        if (states.IsEmpty)
        {
            states.EndOffset = logEnd;
            return;
        }

        long now = environment.Time.GetTimestamp();
        snapshots.Load(states, new ProducerTail(segments.Snapshot, environment, isOpen: true), logStart, logEnd, now);
        new ProducerReplay(states, now).RunTo(segments.Snapshot, logEnd);
        states.Transactions.Commit(committedEnd);
        Publish();
    }

    /// <summary>Before the log is emptied to start at the offset: no snapshot of what it held may meet what it will hold.</summary>
    public void StartOver(long offset)
    {
        snapshots.DeleteAll();
        environment.FileSystem.FlushDirectory(segments.Directory);
        states.Clear(offset);
        Publish();
    }

    /// <summary>Forgets who was silent for too long; returns how many.</summary>
    public int Expire()
    {
        if (states.Count == 0) return 0;
        long silence = (long)(environment.Producers.Expiration.TotalSeconds * environment.Time.TimestampFrequency);
        return states.Expire(environment.Time.GetTimestamp() - silence);
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

    private void NoteAbort(in CompletedTransaction completed)
    {
        var aborted = new AbortedTransaction(completed.ProducerId, completed.FirstOffset, completed.LastOffset, completed.LastStableOffset);
        if (segments.Active.Transactions.Append(aborted)) segments.MarkNamesDirty();
    }

    private void Publish() => Volatile.Write(ref _firstUnstable, states.Transactions.FirstUnstable);
}
