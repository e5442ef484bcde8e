using System.CommandLine;

namespace KBroker.Cli.Commands;

/// <summary>One command of the program, in a file of its own and listed in <see cref="CommandList"/>.</summary>
public interface ICliCommand
{
    /// <summary>Describes the command: name, help, options and action.</summary>
    /// <param name="context">The process it runs in.</param>
    /// <returns>
    /// The command. Its action returns one of <see cref="ExitCodes"/>; what the user must be told it throws as
    /// <see cref="CliException"/>.
    /// </returns>
    Command Build(CliContext context);
}
