using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>Finds the highest producer id that a partition of <c>__transaction_state</c> tells of.</summary>
internal sealed class HighestProducerId : ICoordinatorMachine
{
    /// <summary>The id; -1 for none.</summary>
    public long Value { get; private set; } = -1;

    /// <inheritdoc/>
    public CoordinatorTimers Timers { get; } = new();

    /// <inheritdoc/>
    public void Replay(in CoordinatorRecord record, long producerId)
    {
        if (TransactionRecords.Read(record)?.Metadata is { } known) Value = Math.Max(Value, Math.Max(known.Producer.Id, known.NextProducerId));
    }

    /// <inheritdoc/>
    public void ReplayEnd(long producerId, bool committed)
    {
    }

    /// <inheritdoc/>
    public void Start()
    {
    }

    /// <inheritdoc/>
    public void End(ErrorCode error)
    {
    }
}
