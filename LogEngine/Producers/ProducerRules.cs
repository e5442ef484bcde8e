using KBroker.LogEngine.Segments;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// Whether a batch may follow what its producer has in the log, by Kafka's rules (KIP-98, KIP-360). Pure: each check takes the
/// producer's position and moves it past the batch.
/// </summary>
internal static class ProducerRules
{
    /// <summary>Checks a data batch.</summary>
    public static AppendStatus CheckData(ref ProducerPosition at, in BatchHeader batch, AppendOrigin origin)
    {
        if (batch.ProducerEpoch < at.Epoch) return AppendStatus.InvalidProducerEpoch;
        if (origin == AppendOrigin.Client && !IsInSequence(at, batch)) return AppendStatus.OutOfOrderSequence;
        if (at.InTransaction && !batch.IsTransactional) return AppendStatus.InvalidTransactionState;
        at = at with { Epoch = batch.ProducerEpoch, LastSequence = batch.LastSequence, InTransaction = batch.IsTransactional };
        return AppendStatus.Appended;
    }

    /// <summary>Checks a marker that ends a transaction.</summary>
    public static AppendStatus CheckMarker(ref ProducerPosition at, short producerEpoch, int coordinatorEpoch)
    {
        if (producerEpoch < at.Epoch) return AppendStatus.InvalidProducerEpoch;
        if (coordinatorEpoch < at.CoordinatorEpoch) return AppendStatus.TransactionCoordinatorFenced;
        int lastSequence = producerEpoch == at.Epoch ? at.LastSequence : ProducerSequence.None;
        at = new ProducerPosition(producerEpoch, lastSequence, coordinatorEpoch, false);
        return AppendStatus.Appended;
    }

    /// <summary>
    /// A known producer continues its sequence, which follows the largest int32 with 0, and begins a new epoch at 0. One without
    /// state, as when its records are deleted or it expired, may go on wherever it is.
    /// </summary>
    private static bool IsInSequence(in ProducerPosition at, in BatchHeader batch)
    {
        if (!at.IsKnown) return true;
        if (batch.ProducerEpoch != at.Epoch) return batch.BaseSequence == 0;
        return batch.BaseSequence == (at.LastSequence == int.MaxValue ? 0 : at.LastSequence + 1);
    }
}
