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
    /// <param name="at">Where the producer stands.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="terms">What is known of the append.</param>
    /// <param name="pending">The verification of the producer that is under way; null for none.</param>
    public static AppendStatus CheckData(ref ProducerPosition at, in BatchHeader batch, in AppendTerms terms, PendingVerification? pending = null)
    {
        if (batch.ProducerEpoch < at.Epoch) return AppendStatus.InvalidProducerEpoch;
        if (terms.MustBeVerified && batch.IsTransactional && !(at.InTransaction && at.Epoch == batch.ProducerEpoch)
            && (pending is null || pending.Guard != terms.VerificationGuard))
            return AppendStatus.VerificationRequired;
        if (terms.Origin == AppendOrigin.Client && !(MayFollow(pending, at, batch) && IsInSequence(at, batch))) return AppendStatus.OutOfOrderSequence;
        if (at.InTransaction && !batch.IsTransactional) return AppendStatus.InvalidTransactionState;
        at = at with { Epoch = batch.ProducerEpoch, LastSequence = batch.LastSequence, InTransaction = batch.IsTransactional };
        return AppendStatus.Appended;
    }

    /// <summary>Checks a marker that ends a transaction.</summary>
    /// <param name="at">Where the producer stands.</param>
    /// <param name="producerEpoch">The marker's epoch.</param>
    /// <param name="coordinatorEpoch">The epoch of the coordinator that sent it.</param>
    /// <param name="raisesEpoch">Whether the epoch is above that of the transaction, see <see cref="AppendTerms.MarkerRaisesEpoch"/>.</param>
    public static AppendStatus CheckMarker(ref ProducerPosition at, short producerEpoch, int coordinatorEpoch, bool raisesEpoch = false)
    {
        if (producerEpoch < at.Epoch) return AppendStatus.InvalidProducerEpoch;
        // An epoch that cannot rise further ends its last transaction itself.
        if (raisesEpoch && producerEpoch == at.Epoch && at.InTransaction && producerEpoch != short.MaxValue) return AppendStatus.InvalidProducerEpoch;
        if (coordinatorEpoch < at.CoordinatorEpoch) return AppendStatus.TransactionCoordinatorFenced;
        int lastSequence = producerEpoch == at.Epoch ? at.LastSequence : ProducerSequence.None;
        at = new ProducerPosition(producerEpoch, lastSequence, coordinatorEpoch, false);
        return AppendStatus.Appended;
    }

    /// <summary>
    /// Whether a batch overtakes no other that is still being verified. One whose epoch rises with each transaction begins each with
    /// sequence 0, also where the log has no state of it.
    /// </summary>
    private static bool MayFollow(PendingVerification? pending, in ProducerPosition at, in BatchHeader batch)
    {
        if (pending is null || pending.Epoch != batch.ProducerEpoch) return true;
        if (pending.BumpsEpoch && batch.BaseSequence != 0 && !at.IsKnown) return false;
        return batch.BaseSequence <= pending.LowestSequence;
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
