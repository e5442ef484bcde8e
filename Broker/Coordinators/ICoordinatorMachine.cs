using KBroker.Protocol;

namespace KBroker.Broker.Coordinators;

/// <summary>
/// A state machine over the records of one partition of an internal topic. One thread at a time steps it; what it remembers over a
/// move is what a replay of its records makes of it.
/// </summary>
public interface ICoordinatorMachine
{
    /// <summary>Its deadlines.</summary>
    CoordinatorTimers Timers { get; }

    /// <summary>Takes over a record of the log.</summary>
    /// <param name="record">The record.</param>
    /// <param name="producerId">The producer of the transaction it belongs to; -1 without one.</param>
    void Replay(in CoordinatorRecord record, long producerId);

    /// <summary>Takes over the end of a transaction.</summary>
    void ReplayEnd(long producerId, bool committed);

    /// <summary>The log is loaded: from here on the machine answers.</summary>
    void Start();

    /// <summary>The machine's work is over here: whoever waits is told the error.</summary>
    void End(ErrorCode error);
}
