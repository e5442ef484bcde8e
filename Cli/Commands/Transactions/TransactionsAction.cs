using System.CommandLine;
using System.Globalization;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands.Transactions;

/// <summary>What the commands under <c>kbroker transactions</c> have in common.</summary>
public abstract class TransactionsAction : ClientCommand
{
    private readonly ConnectionOptions _connection = new();

    /// <summary>A topic.</summary>
    protected Option<string?> Topic { get; } = new("--topic") { Description = "The topic", HelpName = "name" };

    /// <summary>A partition.</summary>
    protected Option<int?> Partition { get; } = NumberOption.Int32("--partition", "The partition", "number", lowest: 0);

    /// <summary>A broker.</summary>
    protected Option<int?> Broker { get; } = NumberOption.Int32("--broker-id", "The broker whose replica is looked at (default: the leader)", "id", lowest: 0);

    /// <summary>Adds options, the connection and the action to a command.</summary>
    protected void Complete(
        Command command, CliContext context, Option[] options, Func<ParseResult, ClusterClient, CancellationToken, Task> action)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(options);
        foreach (Option option in options) command.Add(option);
        _connection.AddTo(command);
        SetAction(command, context, async (parsed, cancellation) =>
        {
            await using ClusterClient cluster = _connection.Connect(parsed, context, _connection.Properties(parsed), "kbroker-transactions");
            await action(parsed, cluster, cancellation);
            return ExitCodes.Success;
        });
    }

    /// <summary>Makes the command line refuse a command without some options.</summary>
    protected static void Require(Command command, params Option[] options)
    {
        ArgumentNullException.ThrowIfNull(command);
        command.Validators.Add(result =>
        {
            foreach (Option option in options.Where(option => result.GetResult(option) is null)) result.AddError($"{option.Name} is required");
        });
    }

    /// <summary>A number as text; <c>None</c> for none.</summary>
    protected static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "None";
}
