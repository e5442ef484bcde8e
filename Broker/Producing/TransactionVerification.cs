using KBroker.Broker.Configuration;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;

namespace KBroker.Broker.Producing;

/// <summary>
/// The server's side of KIP-890: nothing is appended as a part of a transaction unless its coordinator will end that transaction in
/// the partition too. The coordinator is asked once for each partition and transaction; a guard in the log makes sure that no marker
/// comes between its answer and the append.
/// </summary>
/// <param name="coordinator">Who knows which transactions are open.</param>
/// <param name="time">Spaces tries.</param>
/// <param name="settings">The settings in force.</param>
public sealed class TransactionVerification(ITransactionVerifier coordinator, TimeProvider time, Func<TransactionSettings> settings)
{
    /// <summary>Whether a client's first write of a transaction must be verified (<c>transaction.partition.verification.enable</c>).</summary>
    public bool IsRequired(TransactionalClient client) => client.BumpsEpoch || settings().VerifiesPartitions;

    /// <summary>
    /// Finds out for each write whether it may be appended. While the producer's last transaction is being completed, a client of the second
    /// protocol waits here for a moment, which costs it less than to send its records again.
    /// </summary>
    /// <param name="transactionalId">The producer's name.</param>
    /// <param name="producerId">Its id.</param>
    /// <param name="producerEpoch">Its epoch.</param>
    /// <param name="writes">Where it writes; told the error and the guard.</param>
    /// <param name="client">What its version knows.</param>
    public async Task VerifyAsync(
        string transactionalId, long producerId, short producerEpoch, IReadOnlyList<TransactionalWrite> writes, TransactionalClient client)
    {
        long started = time.GetTimestamp();
        List<TransactionalWrite> asked = Start(writes, producerId, producerEpoch, client);
        while (asked.Count > 0)
        {
            IReadOnlyList<ErrorCode> answers = await coordinator.VerifyAsync(
                transactionalId, producerId, producerEpoch, [.. asked.Select(write => write.Partition.TopicPartition)], client.BumpsEpoch).ConfigureAwait(false);
            for (int i = 0; i < asked.Count; i++) asked[i].Error = Translate(answers[i], client);
            asked = [.. asked.Where(write => write.Error == ErrorCode.ConcurrentTransactions)];
            TransactionSettings now = settings();
            if (asked.Count == 0 || !client.BumpsEpoch || time.GetElapsedTime(started) >= now.VerificationRetryMax) return;
            await Task.Delay(now.VerificationRetryBackoff, time).ConfigureAwait(false);
            asked = Start(asked, producerId, producerEpoch, client);
        }
    }

    /// <summary>Takes the guards; returns the writes that the coordinator has to be asked about.</summary>
    private static List<TransactionalWrite> Start(
        IReadOnlyList<TransactionalWrite> writes, long producerId, short producerEpoch, TransactionalClient client)
    {
        var asked = new List<TransactionalWrite>(writes.Count);
        foreach (TransactionalWrite write in writes)
        {
            write.Error = write.Partition.StartVerification(producerId, producerEpoch, write.Sequence, client.BumpsEpoch, out long guard);
            write.Guard = guard;
            if (write.Error == ErrorCode.None && guard != 0) asked.Add(write);
        }

        return asked;
    }

    private static ErrorCode Translate(ErrorCode error, TransactionalClient client) => error switch
    {
        // Producers can come back from this one.
        ErrorCode.ProducerFenced => ErrorCode.InvalidProducerEpoch,
        ErrorCode.TransactionAbortable when !client.KnowsAbortable => ErrorCode.InvalidTxnState,
        _ => error,
    };
}
