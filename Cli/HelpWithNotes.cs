using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace KBroker.Cli;

/// <summary>The help of a command, with the notes of a <see cref="DocumentedCommand"/> at its end.</summary>
internal sealed class HelpWithNotes : SynchronousCommandLineAction
{
    private readonly HelpAction _help = new();

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        ArgumentNullException.ThrowIfNull(parseResult);
        int exitCode = _help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is DocumentedCommand command)
            parseResult.InvocationConfiguration.Output.WriteLine(command.Notes);
        return exitCode;
    }
}
