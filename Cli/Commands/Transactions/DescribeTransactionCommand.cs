using System.CommandLine;
using KBroker.Cli.Client;
using KBroker.Protocol.Identity;

namespace KBroker.Cli.Commands.Transactions;

/// <summary><c>kbroker transactions describe</c>.</summary>
public sealed class DescribeTransactionCommand : TransactionsAction
{
    private readonly Argument<string?> _id = new("TRANSACTIONAL-ID") { Description = "The transactional id", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _transactionalId = new("--transactional-id") { Description = "The transactional id", HelpName = "id" };

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new Command("describe", "Show the transaction of a transactional id") { _id };
        command.Validators.Add(result =>
        {
            if (string.IsNullOrEmpty(result.GetValue(_id)) == string.IsNullOrEmpty(result.GetValue(_transactionalId))) result.AddError("Name one transactional id");
        });
        Complete(command, context, [_transactionalId], async (parsed, cluster, cancellation) =>
        {
            string id = parsed.GetValue(_id) ?? parsed.GetValue(_transactionalId)!;
            TransactionView view = await new TransactionClient(cluster).DescribeAsync(id, cancellation)
                ?? throw new CliException($"Transactional id '{id}' is not known: no producer uses it, or it expired");
            var table = new TextTable(
                "CoordinatorId", "TransactionalId", "ProducerId", "ProducerEpoch", "TransactionState", "TransactionTimeoutMs", "CurrentTransactionStartTimeMs", "TransactionDurationMs", "TopicPartitions");
            long now = context.Time.GetUtcNow().ToUnixTimeMilliseconds();
            IEnumerable<TopicPartition> partitions = view.Partitions.OrderBy(one => one.Topic, StringComparer.Ordinal).ThenBy(one => one.Partition);
            table.Add(
                Text(view.Listing.CoordinatorId),
                id,
                Text(view.Listing.ProducerId),
                Text(view.ProducerEpoch),
                view.Listing.State,
                Text(view.TimeoutMs),
                Text(view.StartTimeMs),
                Text(view.StartTimeMs is { } start ? Math.Max(0, now - start) : null),
                string.Join(',', partitions));
            table.Write(context.Out);
        });
        return command;
    }
}
