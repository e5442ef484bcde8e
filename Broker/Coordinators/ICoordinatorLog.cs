using KBroker.Protocol;

namespace KBroker.Broker.Coordinators;

/// <summary>
/// The partition of an internal topic that a coordinator's state machine writes. Belongs to the machine's loop: called from it, and
/// calls back on it.
/// </summary>
public interface ICoordinatorLog
{
    /// <summary>
    /// Appends records as one batch, all or none. When this returns None they are in the log in order, but not committed yet.
    /// </summary>
    /// <returns>Why nothing was appended, in the terms of a coordinator's client; None if it was.</returns>
    ErrorCode Append(IReadOnlyList<CoordinatorRecord> records);

    /// <summary>As <see cref="Append(IReadOnlyList{CoordinatorRecord})"/>, as a part of a producer's transaction.</summary>
    /// <param name="records">The records.</param>
    /// <param name="producer">Whose transaction. One that its coordinator does not know to be open gives INVALID_TXN_STATE, an old epoch INVALID_PRODUCER_EPOCH.</param>
    /// <returns>Why nothing was appended, in the terms of a coordinator's client; None if it was.</returns>
    ErrorCode Append(IReadOnlyList<CoordinatorRecord> records, in TransactionalProducer producer);

    /// <summary>
    /// Calls back once everything that was appended so far is committed, perhaps before this returns; with an error if that did not
    /// happen before the deadline or this broker stopped leading the partition: then the records may or may not survive.
    /// </summary>
    void WhenCommitted(Action<ErrorCode> then);
}
