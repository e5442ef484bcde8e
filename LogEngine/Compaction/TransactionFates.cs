using System.Buffers.Binary;
using KBroker.LogEngine.Indexes;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Compaction;

/// <summary>
/// Follows the transactions of a log while its batches go by in order, and tells whose data was aborted and whose marker has nothing
/// left to mark. An aborted transaction of which a batch was seen keeps its entry in the transaction index.
/// </summary>
/// <param name="aborted">The aborted transactions of the log, in any order.</param>
internal sealed class TransactionFates(IEnumerable<AbortedTransaction> aborted)
{
    private const int MarkerKeySize = 4;
    private const short AbortMarker = 0;
    private const short CommitMarker = 1;

    private readonly Queue<AbortedTransaction> _ahead = new(aborted.OrderBy(entry => entry.FirstOffset));
    private readonly Dictionary<long, Aborted> _aborted = [];
    private readonly HashSet<long> _committed = [];

    /// <summary>Where entries go whose transaction still has batches; none while a map is built.</summary>
    public Action<AbortedTransaction>? Keep { get; set; }

    /// <summary>A data batch goes by; true when its transaction was aborted.</summary>
    public bool OnBatch(RecordBatchHeader batch)
    {
        BeginUpTo(batch);
        if (!batch.IsTransactional) return false;
        if (_aborted.TryGetValue(batch.ProducerId, out Aborted? transaction))
        {
            transaction.IsSeen = true;
            return true;
        }

        _committed.Add(batch.ProducerId);
        return false;
    }

    /// <summary>A control batch goes by; true when no batch of its transaction did.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="key">The key of its record; empty where the record is gone.</param>
    public bool OnControl(RecordBatchHeader batch, ReadOnlySpan<byte> key)
    {
        BeginUpTo(batch);
        if (batch.RecordCount == 0) return true;
        if (key.Length < MarkerKeySize) return false;
        switch (BinaryPrimitives.ReadInt16BigEndian(key[sizeof(short)..]))
        {
            case AbortMarker:
                if (!_aborted.Remove(batch.ProducerId, out Aborted? transaction) || !transaction.IsSeen) return true;
                Keep?.Invoke(transaction.Entry);
                return false;
            case CommitMarker:
                return !_committed.Remove(batch.ProducerId);
            default:
                return false;
        }
    }

    // A transaction whose marker lies before what goes by, or is gone, says nothing of the producer's later ones.
    private void BeginUpTo(RecordBatchHeader batch)
    {
        if (_aborted.TryGetValue(batch.ProducerId, out Aborted? over) && over.Entry.LastOffset < batch.BaseOffset)
            _aborted.Remove(batch.ProducerId);
        while (_ahead.TryPeek(out AbortedTransaction next) && next.FirstOffset <= batch.LastOffset)
        {
            _ahead.Dequeue();
            if (next.LastOffset >= batch.BaseOffset) _aborted[next.ProducerId] = new Aborted(next);
        }
    }

    private sealed class Aborted(AbortedTransaction entry)
    {
        public AbortedTransaction Entry => entry;

        public bool IsSeen { get; set; }
    }
}
