using System.CommandLine;
using System.Globalization;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands.Transactions;

/// <summary><c>kbroker transactions list</c>.</summary>
public sealed class ListTransactionsCommand : TransactionsAction
{
    private readonly Option<string?> _states = new("--states", "--state")
    {
        Description = "Only these states, such as Ongoing,PrepareAbort",
        HelpName = "states",
    };

    private readonly Option<string?> _producers = new("--producer-id", "--producer-ids") { Description = "Only these producers", HelpName = "id,id,..." };

    private readonly Option<long?> _duration = NumberOption.Int64(
        "--duration-filter", "Only those that have been open for longer, in milliseconds; below 0 for all", "ms", long.MinValue);

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new Command("list", "List the transactional ids with the states of their transactions");
        command.Validators.Add(result =>
        {
            if (result.GetValue(_producers) is { } text && ProducerIds(text) is null) result.AddError($"--producer-id '{text}': expected whole numbers with commas between them");
        });
        Complete(command, context, [_states, _producers, _duration], async (parsed, cluster, cancellation) =>
        {
            string[] states = (parsed.GetValue(_states) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            long[] producers = parsed.GetValue(_producers) is { } text ? ProducerIds(text)! : [];
            long? duration = parsed.GetValue(_duration) is >= 0 and var ms ? ms : null;
            var table = new TextTable("TransactionalId", "Coordinator", "ProducerId", "TransactionState");
            foreach (TransactionListing one in await new TransactionClient(cluster).ListAsync(states, producers, duration, cancellation))
                table.Add(one.TransactionalId, Text(one.CoordinatorId), Text(one.ProducerId), one.State);
            table.Write(context.Out);
        });
        return command;
    }

    private static long[]? ProducerIds(string text)
    {
        var ids = new List<long>();
        foreach (string one in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!long.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out long id)) return null;
            ids.Add(id);
        }

        return [.. ids];
    }
}
