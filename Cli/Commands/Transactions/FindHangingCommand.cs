using System.CommandLine;
using System.Globalization;
using KBroker.Cli.Client;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Commands.Transactions;

/// <summary><c>kbroker transactions find-hanging</c>.</summary>
public sealed class FindHangingCommand : TransactionsAction
{
    private const int DefaultMinutes = 15;

    private readonly Option<int?> _longest = NumberOption.Int32(
        "--max-transaction-timeout", "The longest that a transaction may last, in minutes (default: 15)", "minutes", lowest: 0);

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new Command("find-hanging", "Find transactions that are open in a partition and that no coordinator will end");
        command.Validators.Add(result =>
        {
            if (result.GetResult(Topic) is null && result.GetResult(Broker) is null) result.AddError("--topic or --broker-id is required: where to look");
            if (result.GetResult(Partition) is not null && result.GetResult(Topic) is null) result.AddError("--partition goes only with --topic");
        });
        Complete(command, context, [Broker, Topic, Partition, _longest], async (parsed, cluster, cancellation) =>
        {
            IReadOnlyList<TopicPartition> partitions = await PartitionsAsync(parsed, cluster, cancellation);
            long now = context.Time.GetUtcNow().ToUnixTimeMilliseconds();
            long before = now - ((parsed.GetValue(_longest) ?? DefaultMinutes) * 60_000L);
            var table = new TextTable("Topic", "Partition", "ProducerId", "ProducerEpoch", "CoordinatorEpoch", "StartOffset", "LastTimestamp", "Duration(min)");
            foreach (ProducerView one in await new HangingTransactions(new TransactionClient(cluster)).FindAsync(partitions, parsed.GetValue(Broker), before, cancellation))
            {
                table.Add(
                    one.Partition.Topic,
                    Text(one.Partition.Partition),
                    Text(one.ProducerId),
                    Text(one.ProducerEpoch),
                    Text(one.CoordinatorEpoch ?? -1),
                    Text(one.OpenSince),
                    Text(one.LastTimestampMs),
                    Text((now - one.LastTimestampMs) / 60_000));
            }

            table.Write(context.Out);
        });
        return command;
    }

    private async Task<IReadOnlyList<TopicPartition>> PartitionsAsync(ParseResult parsed, ClusterClient cluster, CancellationToken cancellation)
    {
        string? topic = parsed.GetValue(Topic);
        int? only = parsed.GetValue(Partition);
        int? broker = parsed.GetValue(Broker);
        MetadataResponse metadata = await new AdminClient(cluster).MetadataAsync(cancellation);
        if (broker is { } id && metadata.Brokers.All(one => one.NodeId != id)) throw new CliException(string.Create(CultureInfo.InvariantCulture, $"There is no broker {id}"));
        TopicPartition[] found =
        [
            .. metadata.Topics.Where(one => one.Name is not null && (topic is null || one.Name == topic))
                .SelectMany(one => one.Partitions
                    .Where(partition => (only is null || partition.PartitionIndex == only) && (broker is null || partition.ReplicaNodes.Contains(broker.Value)))
                    .Select(partition => new TopicPartition(one.Name!, partition.PartitionIndex))),
        ];
        string where = broker is null ? "" : string.Create(CultureInfo.InvariantCulture, $" on broker {broker}");
        if (found.Length == 0 && topic is not null) throw new CliException($"There is no {(only is null ? $"topic '{topic}'" : $"partition {topic}-{Text(only)}")}{where}");
        return found;
    }
}
