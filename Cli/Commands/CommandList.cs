using KBroker.Cli.Commands.Groups;
using KBroker.Cli.Commands.Transactions;

namespace KBroker.Cli.Commands;

/// <summary>The commands of the program, in the order its help shows them.</summary>
public static class CommandList
{
    /// <summary>The commands.</summary>
    public static IReadOnlyList<ICliCommand> All { get; } =
        [new StartCommand(BrokerRunner.RunAsync), new TopicsCommand(), new ProduceCommand(), new ConsumeCommand(), new ConfigsCommand(), new GroupsCommand(), new TransactionsCommand()];
}
