using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>Brings the end of a transaction to the leaders of its partitions.</summary>
public interface ITransactionMarkers
{
    /// <summary>Has the markers written, and calls back once when the last answer is in.</summary>
    /// <param name="end">What to mark, and where.</param>
    /// <param name="done">
    /// Takes one error for each partition, in their order, on any thread. None says that the marker is committed there; whoever asked
    /// asks again for those with a retriable error.
    /// </param>
    void Write(TransactionEnd end, Action<IReadOnlyList<ErrorCode>> done);
}
