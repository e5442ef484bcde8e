using System.CommandLine;
using KBroker.Cli.Client;
using KBroker.Protocol.Identity;

namespace KBroker.Cli.Commands.Transactions;

/// <summary><c>kbroker transactions describe-producers</c>.</summary>
public sealed class DescribeProducersCommand : TransactionsAction
{
    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new Command("describe-producers", "Show the producers that a partition remembers");
        Require(command, Topic, Partition);
        Complete(command, context, [Topic, Partition, Broker], async (parsed, cluster, cancellation) =>
        {
            var partition = new TopicPartition(parsed.GetValue(Topic)!, parsed.GetValue(Partition)!.Value);
            IReadOnlyList<ProducerView> producers = await new TransactionClient(cluster).ProducersAsync([partition], parsed.GetValue(Broker), cancellation);
            var table = new TextTable("ProducerId", "ProducerEpoch", "LatestCoordinatorEpoch", "LastSequence", "LastTimestamp", "CurrentTransactionStartOffset");
            foreach (ProducerView one in producers.OrderBy(one => one.ProducerId))
            {
                table.Add(
                    Text(one.ProducerId), Text(one.ProducerEpoch), Text(one.CoordinatorEpoch ?? -1), Text(one.LastSequence), Text(one.LastTimestampMs), Text(one.OpenSince));
            }

            table.Write(context.Out);
        });
        return command;
    }
}
