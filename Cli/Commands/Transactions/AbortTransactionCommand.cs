using System.CommandLine;
using KBroker.Cli.Client;
using KBroker.Protocol.Identity;

namespace KBroker.Cli.Commands.Transactions;

/// <summary><c>kbroker transactions abort</c>.</summary>
public sealed class AbortTransactionCommand : TransactionsAction
{
    private readonly Option<long?> _startOffset = NumberOption.Int64(
        "--start-offset", "The first offset of the transaction, as find-hanging and describe-producers show it", "offset", lowest: 0);

    private readonly Option<long?> _producerId = NumberOption.Int64("--producer-id", "Instead: the producer's id, with the two epochs", "id", lowest: 0);
    private readonly Option<int?> _producerEpoch = NumberOption.Int32("--producer-epoch", "The producer's epoch", "epoch", lowest: 0, highest: short.MaxValue);
    private readonly Option<int?> _coordinatorEpoch = NumberOption.Int32("--coordinator-epoch", "The coordinator's epoch; below 0 for none", "epoch", lowest: int.MinValue);

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new Command("abort", "Abort a transaction that hangs in a partition");
        Require(command, Topic, Partition);
        command.Validators.Add(result =>
        {
            bool byProducer = result.GetResult(_producerId) is not null;
            if (byProducer == result.GetResult(_startOffset) is not null)
                result.AddError("Name the transaction by --start-offset, or by --producer-id, --producer-epoch and --coordinator-epoch");
            foreach (Option option in (Option[])[_producerEpoch, _coordinatorEpoch])
            {
                if (result.GetResult(option) is not null != byProducer) result.AddError($"{option.Name} {(byProducer ? "is required" : "goes only")} with --producer-id");
            }
        });
        Complete(command, context, [Topic, Partition, _startOffset, _producerId, _producerEpoch, _coordinatorEpoch], async (parsed, cluster, cancellation) =>
        {
            var partition = new TopicPartition(parsed.GetValue(Topic)!, parsed.GetValue(Partition)!.Value);
            var transactions = new TransactionClient(cluster);
            (long producerId, int producerEpoch, int coordinatorEpoch) = parsed.GetValue(_startOffset) is { } offset
                ? await FindAsync(transactions, partition, offset, cancellation)
                : (parsed.GetValue(_producerId)!.Value, parsed.GetValue(_producerEpoch)!.Value, parsed.GetValue(_coordinatorEpoch)!.Value);

            // A producer whose first transaction hangs has seen no coordinator: 0 is not above the epoch of any.
            await transactions.AbortAsync(partition, producerId, (short)producerEpoch, Math.Max(0, coordinatorEpoch), cancellation);
            context.Out.WriteLine($"Aborted the transaction of producer {Text(producerId)} in {partition}.");
        });
        return command;
    }

    private static async Task<(long ProducerId, int ProducerEpoch, int CoordinatorEpoch)> FindAsync(
        TransactionClient transactions, TopicPartition partition, long startOffset, CancellationToken cancellation)
    {
        ProducerView found = (await transactions.ProducersAsync([partition], null, cancellation)).FirstOrDefault(one => one.OpenSince == startOffset)
            ?? throw new CliException($"No open transaction of {partition} begins at offset {Text(startOffset)}");
        return (found.ProducerId, found.ProducerEpoch, found.CoordinatorEpoch ?? 0);
    }
}
