using KBroker.Cli.Commands;

namespace KBroker.Cli;

/// <summary>The <c>kbroker</c> program.</summary>
public static class Program
{
    /// <summary>Runs one command.</summary>
    /// <param name="args">The command line.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> Main(string[] args)
    {
        CliContext context = CliContext.OfProcess();
        using var signals = new TerminationSignals();
        return await new CommandLineApp(CommandList.All, context).RunAsync(args, signals.Token).ConfigureAwait(false);
    }
}
