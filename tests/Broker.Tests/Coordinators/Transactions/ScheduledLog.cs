using KBroker.Broker.Coordinators;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>A coordinator's log whose records are committed when the schedule says so; one that lost its leadership commits nothing more.</summary>
internal sealed class ScheduledLog(IEnumerable<CoordinatorRecord> records, int committed) : ICoordinatorLog
{
    private readonly Queue<(int End, Action<ErrorCode> Then)> _waiting = new();

    public List<CoordinatorRecord> Records { get; } = [.. records];

    public int Committed { get; private set; } = committed;

    /// <summary>Whether another leader was elected, which this one may not know.</summary>
    public bool IsDeposed { get; set; }

    public ErrorCode Refusal { get; set; }

    public ErrorCode Append(IReadOnlyList<CoordinatorRecord> records)
    {
        if (Refusal != ErrorCode.None) return Refusal;
        Records.AddRange(records);
        return ErrorCode.None;
    }

    public ErrorCode Append(IReadOnlyList<CoordinatorRecord> records, in TransactionalProducer producer) => Append(records);

    public void WhenCommitted(Action<ErrorCode> then)
    {
        if (Committed == Records.Count && !IsDeposed && _waiting.Count == 0) then(ErrorCode.None);
        else _waiting.Enqueue((Records.Count, then));
    }

    public void CommitTo(int end)
    {
        if (IsDeposed) return;
        Committed = Math.Max(Committed, end);
        while (_waiting.TryPeek(out (int End, Action<ErrorCode> Then) oldest) && oldest.End <= Committed) _waiting.Dequeue().Then(ErrorCode.None);
    }

    /// <summary>Who waits longest gives up.</summary>
    public void TimeOut()
    {
        if (_waiting.TryDequeue(out (int End, Action<ErrorCode> Then) oldest)) oldest.Then(ErrorCode.CoordinatorNotAvailable);
    }

    public void End(ErrorCode error)
    {
        while (_waiting.TryDequeue(out (int End, Action<ErrorCode> Then) oldest)) oldest.Then(error);
    }
}
