using System.CommandLine;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands;

/// <summary>What the commands that talk to a broker have in common.</summary>
public abstract class ClientCommand : ICliCommand
{
    /// <inheritdoc/>
    public abstract Command Build(CliContext context);

    /// <summary>Sets the action; what the client reports becomes the one message that the user sees.</summary>
    protected static void SetAction(Command command, CliContext context, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(context);
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                return await action(parsed, cancellation);
            }
            catch (ClientException e)
            {
                if (context.Environment.GetValueOrDefault("KBROKER_DEBUG") == "1") context.Error.WriteLine(e);
                throw new CliException(e.Message);
            }
        });
    }

    /// <summary>Makes the command line refuse anything but exactly one of several actions.</summary>
    protected static void RequireOne(Command command, params Option<bool>[] actions)
    {
        ArgumentNullException.ThrowIfNull(command);
        command.Validators.Add(result =>
        {
            if (actions.Count(action => result.GetValue(action)) == 1) return;
            string names = string.Join(", ", actions.Select(action => action.Name));
            result.AddError($"Exactly one action is needed: {names}");
        });
    }
}
