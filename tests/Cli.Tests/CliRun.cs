using KBroker.Cli.Commands;

namespace KBroker.Cli.Tests;

/// <summary>Runs a command line in this process and keeps what it wrote.</summary>
internal static class CliRun
{
    public static async Task<CliOutcome> RunAsync(IReadOnlyList<ICliCommand> commands, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var context = new CliContext
        {
            Out = output,
            Error = error,
            OpenInput = () => Stream.Null,
            OpenOutput = () => Stream.Null,
            Environment = environment,
        };
        int exitCode = await new CommandLineApp(commands, context).RunAsync(args, CancellationToken.None);
        return new(exitCode, output.ToString(), error.ToString());
    }
}

/// <summary>What a command line did.</summary>
internal sealed record CliOutcome(int ExitCode, string Out, string Error);
