using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Producers;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>What a log has to know of its producers, made naively of the batches that it holds, and whether it does.</summary>
internal sealed class ProducerOracle
{
    private readonly Dictionary<long, Known> _producers = [];
    private readonly List<(long ProducerId, long First, long Last, bool Aborted)> _ended = [];
    private readonly List<ModelBatch> _batches = [];

    public ProducerOracle(IEnumerable<ModelBatch> batches)
    {
        foreach (ModelBatch batch in batches) Add(batch);
    }

    /// <summary>Holds the log against it. Moves the committed end, and leaves what the log holds as it is.</summary>
    public static void Check(PartitionLog log)
    {
        List<ModelBatch> batches = LogContents.Read(log);
        var oracle = new ProducerOracle(batches);
        long first = batches.Count == 0 ? log.LogEndOffset : batches[0].First;
        oracle.CheckProducers(log.ActiveProducers());
        oracle.CheckDuplicates(log);
        foreach (ModelBatch batch in batches)
        {
            log.AdvanceCommittedEnd(batch.Last + 1);
            oracle.CheckStableOffset(log, first);
        }

        foreach (ModelBatch batch in batches) oracle.CheckAborted(log, batch);
    }

    /// <summary>The same at the committed end as it is.</summary>
    public static void CheckAsCommitted(PartitionLog log, IReadOnlyList<ModelBatch> batches)
    {
        var oracle = new ProducerOracle(batches);
        long first = batches.Count == 0 ? log.LogEndOffset : batches[0].First;
        oracle.CheckProducers(log.ActiveProducers());
        oracle.CheckStableOffset(log, first);
        foreach (ModelBatch batch in batches) oracle.CheckAborted(log, batch);
    }

    private void CheckProducers(IReadOnlyList<ActiveProducer> active)
    {
        Dictionary<long, ActiveProducer> found = active.ToDictionary(producer => producer.ProducerId);
        foreach ((long id, Known known) in _producers)
        {
            Assert.True(found.Remove(id, out ActiveProducer producer), $"producer {id} is not remembered");
            Assert.Equal(known.Epoch, producer.Epoch);
            // Compaction may have taken what was the last batch after a cut.
            if (known.Last is { } last && !(producer.LastOffset > last.Last && IsGone(producer.LastOffset)))
                Assert.Equal((new RecordBatchHeader(last.Bytes).LastSequence, last.Last), (producer.LastSequence, producer.LastOffset));
            if (producer.TransactionStart == known.Start) continue;
            // What lies below the log start may be remembered or not; and where a marker was lost behind what compaction went by, the
            // first of a transaction's batches may be gone.
            Assert.True(
                known.Start >= 0 && producer.TransactionStart >= 0 && producer.TransactionStart < known.Start
                    && IsGone(producer.TransactionStart),
                $"producer {id}: a transaction from {producer.TransactionStart}, not from {known.Start}");
            known.Start = producer.TransactionStart;
        }

        foreach (ActiveProducer producer in found.Values)
        {
            Assert.True(IsGone(producer.LastOffset) && IsGone(producer.TransactionStart), $"{producer} is not in the log");
            if (producer.TransactionStart >= 0) _producers[producer.ProducerId] = new Known { Epoch = producer.Epoch, Start = producer.TransactionStart };
        }
    }

    /// <summary>Whether no batch that is there holds the offset.</summary>
    private bool IsGone(long offset) => !_batches.Exists(batch => batch.First <= offset && batch.Last >= offset);

    private void CheckDuplicates(PartitionLog log)
    {
        long end = log.LogEndOffset;
        foreach (Known known in _producers.Values)
        {
            if (known.Last is not { } last) continue;
            LogAppendResult result = log.AppendAsLeader([.. last.Bytes], log.LatestEpoch);
            Assert.Equal((AppendStatus.Duplicate, last.First, last.Last), (result.Status, result.FirstOffset, result.LastOffset));
        }

        Assert.Equal(end, log.LogEndOffset);
    }

    private void CheckStableOffset(PartitionLog log, long first)
    {
        long stable = log.CommittedEnd;
        foreach (Known known in _producers.Values.Where(known => known.Start >= 0)) stable = Math.Min(stable, known.Start);
        foreach ((_, long start, long last, _) in _ended)
        {
            if (start >= 0 && last >= log.CommittedEnd) stable = Math.Min(stable, start);
        }

        stable = Math.Max(stable, log.LogStartOffset);
        if (log.LastStableOffset == stable) return;
        // One that has its marker, and whose first records compaction took before a power loss or a cut took an earlier marker.
        if (log.LastStableOffset < stable && IsGone(log.LastStableOffset) && _ended.Exists(one => one.Last >= log.CommittedEnd)) return;
        // A transaction that began in what was deleted.
        Assert.True(first > 0 && log.LastStableOffset == log.LogStartOffset, $"the last stable offset is {log.LastStableOffset}, not {stable}");
    }

    private void CheckAborted(PartitionLog log, ModelBatch batch)
    {
        if (batch.Last >= log.LastStableOffset) return;
        LogReadResult read = log.Read(Math.Max(batch.First, log.LogStartOffset), 1, true, log.LastStableOffset, withAborted: true);
        read.Slice?.Dispose();
        IReadOnlyList<AbortedTransaction> found = read.AbortedTransactions ?? [];
        foreach ((long id, long start, long last, bool aborted) in _ended)
        {
            if (aborted && start >= 0 && start <= batch.Last && last >= batch.First)
                Assert.True(found.Any(one => one.ProducerId == id && one.FirstOffset <= start && one.LastOffset == last),
                    $"the abort of {id} from {start} to {last} is not told at {batch.First}: {string.Join(' ', found)}");
            if (!aborted) Assert.DoesNotContain(found, one => one.ProducerId == id && one.LastOffset == last);
        }

        Assert.All(found, one => Assert.True(_ended.Exists(other => other.ProducerId == one.ProducerId && other.Last == one.LastOffset),
            $"{one} is told at {batch.First}, and is not in the log"));
    }

    private void Add(ModelBatch batch)
    {
        _batches.Add(batch);
        var header = new RecordBatchHeader(batch.Bytes);
        if (!header.HasProducerId) return;
        if (header.IsControl && !EndTransactionMarker.TryRead(batch.Bytes, out _))
        {
            Assert.Equal(0, header.RecordCount);
            return;
        }

        if (!_producers.TryGetValue(header.ProducerId, out Known? known)) _producers[header.ProducerId] = known = new Known();
        if (known.Epoch != header.ProducerEpoch) (known.Epoch, known.Last) = (header.ProducerEpoch, null);
        if (header.IsControl)
        {
            Assert.True(EndTransactionMarker.TryRead(batch.Bytes, out EndTransactionMarker marker));
            // -1 where its records are gone from the log.
            _ended.Add((header.ProducerId, known.Start, batch.First, !marker.IsCommit));
            known.Start = -1;
            return;
        }

        known.Last = batch;
        if (header.IsTransactional && known.Start < 0) known.Start = batch.First;
    }

    private sealed class Known
    {
        public short Epoch { get; set; } = -1;

        public ModelBatch? Last { get; set; }

        public long Start { get; set; } = -1;
    }
}
