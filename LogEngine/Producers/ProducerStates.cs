using System.Runtime.InteropServices;
using KBroker.LogEngine.Segments;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// The producers of one log and its unsettled transactions: a function of the batches below <see cref="EndOffset"/>, but for
/// producers that were forgotten. No disk and no clock; under the log's gate.
/// </summary>
internal sealed class ProducerStates(ProducerOptions options)
{
    private const int ForgottenShare = 8;

    private readonly Dictionary<long, ProducerState> _producers = [];
    private readonly Dictionary<long, ProducerPosition> _checked = [];
    private readonly TransactionBounds _transactions = new();

    /// <summary>The number of producers; read without a lock.</summary>
    public int Count => _producers.Count;

    /// <summary>The end (exclusive) of the batches that the states are made of.</summary>
    public long EndOffset { get; set; }

    public TransactionBounds Transactions => _transactions;

    public bool IsEmpty => _producers.Count == 0 && _transactions.FirstUnstable == long.MaxValue;

    public Dictionary<long, ProducerState>.ValueCollection All => _producers.Values;

    public ProducerState? Find(long producerId) => _producers.GetValueOrDefault(producerId);

    /// <summary>
    /// Whether a run of whole batches may be appended. With <see cref="AppendStatus.Duplicate"/>, which batch one of them repeats. Changes
    /// nothing.
    /// </summary>
    public AppendStatus Check(ReadOnlySpan<byte> records, in AppendTerms terms, PendingVerifications verifications, out ProducerBatch duplicate)
    {
        duplicate = default;
        // Positions after the batches already checked, where there is more than one.
        _checked.Clear();
        while (BatchHeader.TryParse(records, out BatchHeader header) && header.SizeInBytes <= records.Length)
        {
            ReadOnlySpan<byte> batch = records[..header.SizeInBytes];
            records = records[header.SizeInBytes..];
            if (!header.HasProducerId) continue;
            ProducerState? state = Find(header.ProducerId);
            if (terms.Origin == AppendOrigin.Client && state is not null && !header.IsControl
                && state.TryFindDuplicate(header.ProducerEpoch, header.BaseSequence, header.LastSequence, out duplicate))
                return AppendStatus.Duplicate;
            if (!_checked.TryGetValue(header.ProducerId, out ProducerPosition at)) at = state?.Position ?? ProducerPosition.Unknown;
            AppendStatus status = CheckOne(ref at, header, batch, terms, verifications);
            if (status != AppendStatus.Appended) return status;
            if (!records.IsEmpty) _checked[header.ProducerId] = at;
        }

        return AppendStatus.Appended;
    }

    /// <summary>Takes in a batch that is in the log, whatever it holds; true when it ended a transaction that had records.</summary>
    /// <param name="header">Its header, with final offsets.</param>
    /// <param name="batch">The whole batch if it is a control batch; else not looked at.</param>
    /// <param name="committedEnd">What the owner will not take back: a marker below it is settled at once.</param>
    /// <param name="now">The monotonic time.</param>
    /// <param name="completed">The transaction.</param>
    public bool Apply(in BatchHeader header, ReadOnlySpan<byte> batch, long committedEnd, long now, out CompletedTransaction completed)
    {
        completed = default;
        EndOffset = header.NextOffset;
        if (!header.HasProducerId) return false;
        if (!header.IsControl)
        {
            ProducerState state = FindOrAdd(header.ProducerId, now);
            bool wasOpen = state.InTransaction;
            state.AddBatch(
                header.ProducerEpoch,
                new ProducerBatch(header.LastSequence, header.LastOffset, (int)(header.LastOffset - header.BaseOffset), header.MaxTimestamp),
                header.IsTransactional);
            if (!wasOpen && state.InTransaction) _transactions.Begin(header.ProducerId, state.TransactionStart);
            return false;
        }

        // A control batch whose record compaction has removed ends nothing: its whole transaction is gone.
        if (!EndTransactionMarker.TryRead(batch, out EndTransactionMarker marker)) return false;
        ProducerState ended = FindOrAdd(header.ProducerId, now);
        long start = ended.TransactionStart;
        ended.EndTransaction(header.ProducerEpoch, marker.CoordinatorEpoch, header.BaseOffset, header.MaxTimestamp);
        if (start < 0) return false;
        long stable = _transactions.End(header.ProducerId, start, header.BaseOffset, committedEnd);
        completed = new CompletedTransaction(header.ProducerId, start, header.BaseOffset, !marker.IsCommit, stable);
        return true;
    }

    /// <summary>Takes in a producer from a snapshot; <see cref="Trim"/> follows once all are there.</summary>
    public void Restore(ProducerState state, long now)
    {
        state.LastHeard = now;
        _producers[state.ProducerId] = state;
        if (state.InTransaction) _transactions.Begin(state.ProducerId, state.TransactionStart);
    }

    /// <summary>Forgets those that a snapshot holds beyond the most that may be remembered.</summary>
    public void Trim()
    {
        if (_producers.Count > options.MaxProducers) ForgetOldest();
    }

    /// <summary>Forgets producers that were silent since before <paramref name="since"/> and have no transaction open.</summary>
    public int Expire(long since)
    {
        int before = _producers.Count;
        foreach ((long id, ProducerState state) in _producers)
        {
            // Removing while enumerating is allowed for a dictionary.
            if (!state.InTransaction && state.LastHeard <= since) _producers.Remove(id);
        }

        return before - _producers.Count;
    }

    /// <summary>Forgets all; the batches that come next begin at the offset.</summary>
    public void Clear(long endOffset)
    {
        _producers.Clear();
        _transactions.Clear(endOffset);
        EndOffset = endOffset;
    }

    private static AppendStatus CheckOne(
        ref ProducerPosition at, in BatchHeader header, ReadOnlySpan<byte> batch, in AppendTerms terms, PendingVerifications verifications)
    {
        if (!header.IsControl) return ProducerRules.CheckData(ref at, header, terms, verifications.Find(header.ProducerId));
        return EndTransactionMarker.TryRead(batch, out EndTransactionMarker marker)
            ? ProducerRules.CheckMarker(ref at, header.ProducerEpoch, marker.CoordinatorEpoch, terms.MarkerRaisesEpoch)
            : throw new ArgumentException("a control batch without a readable marker", nameof(batch));
    }

    private ProducerState FindOrAdd(long producerId, long now)
    {
        ref ProducerState? state = ref CollectionsMarshal.GetValueRefOrAddDefault(_producers, producerId, out bool exists);
        ProducerState found = state ??= new ProducerState(producerId);
        found.LastHeard = now;
        if (!exists && _producers.Count > options.MaxProducers) ForgetOldest(producerId);
        return found;
    }

    private void ForgetOldest(long newest = -1)
    {
        ProducerState[] oldest = [.. _producers.Values.Where(state => !state.InTransaction && state.ProducerId != newest)];
        Array.Sort(oldest, static (a, b) => a.LastSeenOffset.CompareTo(b.LastSeenOffset));
        int surplus = _producers.Count - options.MaxProducers;
        foreach (ProducerState state in oldest.AsSpan(0, Math.Min(oldest.Length, Math.Max(options.MaxProducers / ForgottenShare, surplus))))
            _producers.Remove(state.ProducerId);
    }
}
