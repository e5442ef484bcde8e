using KBroker.Cli.Client;
using KBroker.Protocol.Identity;

namespace KBroker.Cli.Commands.Transactions;

/// <summary>
/// Finds transactions that nobody will end: open in a partition for longer than any transaction may last, and not known, or not known to
/// span that partition, to a coordinator. They keep the last stable offset of the partition where it is.
/// </summary>
/// <param name="transactions">Producers and transactions.</param>
public sealed class HangingTransactions(TransactionClient transactions)
{
    /// <summary>Looks through partitions.</summary>
    /// <param name="partitions">The partitions.</param>
    /// <param name="brokerId">The broker whose replicas to look at; null for the leaders.</param>
    /// <param name="beforeMs">Transactions written to since then, milliseconds since 1970, are left out: they may be in order.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async Task<IReadOnlyList<ProducerView>> FindAsync(
        IReadOnlyCollection<TopicPartition> partitions, int? brokerId, long beforeMs, CancellationToken cancellation)
    {
        ProducerView[] open = [.. (await transactions.ProducersAsync(partitions, brokerId, cancellation))
            .Where(producer => producer.OpenSince is not null && producer.LastTimestampMs < beforeMs)];
        if (open.Length == 0) return [];
        IReadOnlyList<TransactionListing> listed = await transactions.ListAsync([], [.. open.Select(one => one.ProducerId).Distinct()], null, cancellation);
        var known = new HashSet<(long ProducerId, TopicPartition Partition)>();
        foreach (TransactionListing one in listed)
        {
            if (await transactions.DescribeAsync(one.TransactionalId, cancellation) is not { } view) continue;
            foreach (TopicPartition partition in view.Partitions) known.Add((one.ProducerId, partition));
        }

        return [.. open.Where(one => !known.Contains((one.ProducerId, one.Partition)))
            .OrderBy(one => one.Partition.Topic, StringComparer.Ordinal).ThenBy(one => one.Partition.Partition).ThenBy(one => one.OpenSince)];
    }
}
