using KBroker.Broker.Coordinators;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>A coordinator's log as a list, whose commits the test may hold back and whose appends it may refuse.</summary>
internal sealed class MemoryCoordinatorLog : ICoordinatorLog
{
    // max.message.bytes by default.
    private const long MaxBatchBytes = 1_048_588;

    private readonly Queue<Action<ErrorCode>> _waiting = new();

    public List<CoordinatorRecord> Records { get; } = [];

    /// <summary>Appends give this error instead of succeeding.</summary>
    public ErrorCode Refusal { get; set; }

    /// <summary>Commits wait for <see cref="Commit"/>.</summary>
    public bool HoldsCommits { get; set; }

    public ErrorCode Append(IReadOnlyList<CoordinatorRecord> records)
    {
        if (Refusal != ErrorCode.None) return Refusal;
        if (records.Sum(record => (long)record.Size) > MaxBatchBytes) return ErrorCode.UnknownServerError;
        Records.AddRange(records);
        return ErrorCode.None;
    }

    public ErrorCode Append(IReadOnlyList<CoordinatorRecord> records, in TransactionalProducer producer) => Append(records);

    public void WhenCommitted(Action<ErrorCode> then)
    {
        if (HoldsCommits) _waiting.Enqueue(then);
        else then(ErrorCode.None);
    }

    public void Commit(ErrorCode error = ErrorCode.None)
    {
        while (_waiting.TryDequeue(out Action<ErrorCode>? then)) then(error);
    }
}
