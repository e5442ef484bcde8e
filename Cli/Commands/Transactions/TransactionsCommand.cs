using System.CommandLine;

namespace KBroker.Cli.Commands.Transactions;

/// <summary><c>kbroker transactions</c>: what kafka-transactions does, with its commands, options and columns.</summary>
public sealed class TransactionsCommand : ICliCommand
{
    private const string Notes =
        """
        Examples:
          kbroker transactions list
          kbroker transactions list --states Ongoing --duration-filter 60000
          kbroker transactions describe payments-1
          kbroker transactions describe-producers --topic orders --partition 0
          kbroker transactions find-hanging --topic orders
          kbroker transactions abort --topic orders --partition 0 --start-offset 1234
        """;

    /// <inheritdoc/>
    public Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new DocumentedCommand("transactions", "List, describe and abort transactions", Notes)
        {
            new ListTransactionsCommand().Build(context),
            new DescribeTransactionCommand().Build(context),
            new DescribeProducersCommand().Build(context),
            new FindHangingCommand().Build(context),
            new AbortTransactionCommand().Build(context),
        };
    }
}
