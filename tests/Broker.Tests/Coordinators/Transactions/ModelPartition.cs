using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>A write that a partition took, and what became of it.</summary>
internal sealed class ModelWrite
{
    public bool? Committed { get; set; }
}

/// <summary>A partition as the coordinator of transactions sees it: producers with an epoch, open transactions, markers.</summary>
internal sealed class ModelPartition
{
    private readonly Dictionary<long, Producer> _producers = [];

    public bool HasOpen => _producers.Values.Any(producer => producer.Open.Count > 0);

    /// <summary>What a write that is verified now may be founded on.</summary>
    public int Guard(long producerId) => Get(producerId).Markers;

    /// <summary>Takes a write whose transaction was verified; one that was overtaken by a marker is refused.</summary>
    public ErrorCode Append(ProducerIdentity producer, int guard, ModelWrite write)
    {
        Producer at = Get(producer.Id);
        if (producer.Epoch < at.Epoch) return ErrorCode.InvalidProducerEpoch;
        if (guard != at.Markers || (producer.Epoch > at.Epoch && at.Open.Count > 0)) return ErrorCode.InvalidTxnState;
        at.Epoch = producer.Epoch;
        at.Open.Add(write);
        return ErrorCode.None;
    }

    public ErrorCode Mark(TransactionEnd end)
    {
        Producer at = Get(end.ProducerId);
        if (end.ProducerEpoch < at.Epoch) return ErrorCode.InvalidProducerEpoch;
        if (end.TransactionVersion >= 2 && end.ProducerEpoch == at.Epoch && at.Open.Count > 0 && at.Epoch != short.MaxValue) return ErrorCode.InvalidProducerEpoch;
        if (end.CoordinatorEpoch < at.CoordinatorEpoch) return ErrorCode.TransactionCoordinatorFenced;
        (at.Epoch, at.CoordinatorEpoch) = (end.ProducerEpoch, end.CoordinatorEpoch);
        at.Markers++;
        foreach (ModelWrite write in at.Open) write.Committed = end.Commit;
        at.Open.Clear();
        return ErrorCode.None;
    }

    private Producer Get(long producerId)
    {
        if (!_producers.TryGetValue(producerId, out Producer? producer)) _producers.Add(producerId, producer = new Producer());
        return producer;
    }

    private sealed class Producer
    {
        public short Epoch { get; set; } = -1;

        public int CoordinatorEpoch { get; set; } = -1;

        public int Markers { get; set; }

        public List<ModelWrite> Open { get; } = [];
    }
}
