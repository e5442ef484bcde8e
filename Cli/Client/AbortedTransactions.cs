using KBroker.Protocol.Messages;

namespace KBroker.Cli.Client;

/// <summary>
/// Tells, batch by batch in the order of offsets, what an aborted transaction wrote: all of a producer's transactional batches
/// from the transaction's first offset up to the producer's abort marker (KIP-98).
/// </summary>
public sealed class AbortedTransactions
{
    private readonly Queue<FetchResponse.AbortedTransaction> _coming;
    private readonly HashSet<long> _producers = [];

    /// <summary>The transactions that a Fetch response lists.</summary>
    public AbortedTransactions(IEnumerable<FetchResponse.AbortedTransaction> transactions) =>
        _coming = new Queue<FetchResponse.AbortedTransaction>(transactions.OrderBy(transaction => transaction.FirstOffset));

    /// <summary>Whether the records of a batch are to be left out.</summary>
    /// <param name="producerId">The batch's producer id.</param>
    /// <param name="lastOffset">The batch's last offset.</param>
    /// <param name="isTransactional">Whether it belongs to a transaction.</param>
    public bool Covers(long producerId, long lastOffset, bool isTransactional)
    {
        while (_coming.TryPeek(out FetchResponse.AbortedTransaction? next) && next.FirstOffset <= lastOffset)
            _producers.Add(_coming.Dequeue().ProducerId);
        return isTransactional && _producers.Contains(producerId);
    }

    /// <summary>The producer's transaction ends here.</summary>
    public void End(long producerId) => _producers.Remove(producerId);
}
