using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// What a log remembers of one producer: its epochs, its open transaction and its last five batches, by which repetitions are
/// recognised. Changed under the log's gate alone.
/// </summary>
internal sealed class ProducerState(long producerId)
{
    /// <summary>As many as a producer may have in flight (<c>max.in.flight.requests.per.connection</c>).</summary>
    public const int BatchesKept = 5;

    // Most producers of a flood of ids write once: room for more than one batch is made with the second.
    private ProducerBatch[] _batches = new ProducerBatch[1];
    private int _first;

    public long ProducerId => producerId;

    /// <summary>-1 until the first batch or marker.</summary>
    public short Epoch { get; private set; } = -1;

    /// <summary>The epoch of the coordinator that wrote the last marker; -1 before the first.</summary>
    public int CoordinatorEpoch { get; private set; } = -1;

    /// <summary>The largest timestamp of the last batch, or the marker's; milliseconds.</summary>
    public long LastTimestamp { get; private set; } = -1;

    /// <summary>Where the open transaction begins; -1 when none is open.</summary>
    public long TransactionStart { get; private set; } = -1;

    /// <summary>When the producer was last heard of, on the monotonic clock.</summary>
    public long LastHeard { get; set; }

    /// <summary>The last offset of its last batch or marker here: who has the lowest was silent longest.</summary>
    public long LastSeenOffset { get; private set; } = -1;

    /// <summary>The number of batches held, all of the present epoch.</summary>
    public int BatchCount { get; private set; }

    public bool InTransaction => TransactionStart >= 0;

    public ProducerPosition Position => new(Epoch, LastBatch?.LastSequence ?? ProducerSequence.None, CoordinatorEpoch, InTransaction);

    /// <summary>The last batch; null when none of the present epoch is known.</summary>
    public ProducerBatch? LastBatch => BatchCount == 0 ? null : this[BatchCount - 1];

    /// <summary>The batches by rising offset.</summary>
    public ProducerBatch this[int index] => _batches[(_first + index) % _batches.Length];

    /// <summary>What a snapshot holds of a producer.</summary>
    public static ProducerState Restore(
        long producerId, short epoch, ProducerBatch? last, long timestamp, int coordinatorEpoch, long transactionStart)
    {
        var state = new ProducerState(producerId)
        {
            Epoch = epoch,
            LastTimestamp = timestamp,
            CoordinatorEpoch = coordinatorEpoch,
            TransactionStart = transactionStart,
            LastSeenOffset = Math.Max(last?.LastOffset ?? -1, transactionStart),
        };
        if (last is { } batch) state.Add(batch);
        return state;
    }

    public void AddBatch(short epoch, in ProducerBatch batch, bool isTransactional)
    {
        EnterEpoch(epoch);
        Add(batch);
        LastTimestamp = batch.Timestamp;
        LastSeenOffset = batch.LastOffset;
        if (isTransactional && TransactionStart < 0) TransactionStart = batch.FirstOffset;
    }

    /// <summary>Ends the open transaction, if there is one.</summary>
    public void EndTransaction(short epoch, int coordinatorEpoch, long offset, long timestamp)
    {
        EnterEpoch(epoch);
        CoordinatorEpoch = coordinatorEpoch;
        TransactionStart = -1;
        LastTimestamp = timestamp;
        LastSeenOffset = offset;
    }

    /// <summary>The kept batch that has exactly these sequences in this epoch.</summary>
    public bool TryFindDuplicate(short epoch, int firstSequence, int lastSequence, out ProducerBatch duplicate)
    {
        duplicate = default;
        if (epoch != Epoch) return false;
        for (int i = 0; i < BatchCount; i++)
        {
            duplicate = this[i];
            if (duplicate.LastSequence == lastSequence && duplicate.FirstSequence == firstSequence) return true;
        }

        return false;
    }

    /// <summary>Puts earlier batches of the present epoch, by rising offset, before the last one, as far as there is room.</summary>
    public void SetEarlierBatches(ReadOnlySpan<ProducerBatch> earlier)
    {
        if (LastBatch is not { } last || earlier.IsEmpty) return;
        BatchCount = 0;
        foreach (ProducerBatch batch in earlier) Add(batch);
        Add(last);
    }

    private void EnterEpoch(short epoch)
    {
        if (epoch == Epoch) return;
        Epoch = epoch;
        BatchCount = 0;
    }

    private void Add(in ProducerBatch batch)
    {
        if (BatchCount == _batches.Length)
        {
            if (_batches.Length == BatchesKept)
            {
                _first = (_first + 1) % BatchesKept;
                BatchCount--;
            }
            else
            {
                Array.Resize(ref _batches, BatchesKept);
            }
        }

        _batches[(_first + BatchCount) % _batches.Length] = batch;
        BatchCount++;
    }
}
