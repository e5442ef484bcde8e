namespace KBroker.LogEngine.Producers;

/// <summary>What a log remembers of a producer, as DescribeProducers tells it (KIP-664).</summary>
/// <param name="ProducerId">The producer.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="LastSequence">The sequence of its last record; -1 for none in this epoch.</param>
/// <param name="LastOffset">The offset of its last record; -1 for none in this epoch.</param>
/// <param name="LastTimestamp">The timestamp of its last batch or marker, milliseconds; -1 for none.</param>
/// <param name="CoordinatorEpoch">The epoch of the coordinator that wrote the last marker; -1 for none.</param>
/// <param name="TransactionStart">Where its open transaction begins; -1 when none is open.</param>
public readonly record struct ActiveProducer(
    long ProducerId, short Epoch, int LastSequence, long LastOffset, long LastTimestamp, int CoordinatorEpoch, long TransactionStart);
