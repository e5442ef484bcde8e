using System.Text;
using KBroker.Cli.Commands;
using KBroker.Cli.Commands.Groups;
using KBroker.Cli.Commands.Transactions;

namespace KBroker.Cli.Tests.Fakes;

/// <summary>Runs one of the client commands with bytes for standard input, and keeps what it wrote.</summary>
internal static class CommandRun
{
    public static async Task<CommandOutcome> RunAsync(FakeBroker broker, byte[] input, Stream? output, string line, params string[] more)
    {
        using var text = new StringWriter();
        using var error = new StringWriter();
        using var bytes = new MemoryStream();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var context = new CliContext
        {
            Out = text,
            Error = TextWriter.Synchronized(error),
            OpenInput = () => new MemoryStream(input),
            OpenOutput = () => output ?? bytes,
            Environment = new Dictionary<string, string>(),
        };
        string[] args = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. more, "--bootstrap-server", broker.Endpoint.ToString()];
        ICliCommand[] commands = [new TopicsCommand(), new ConfigsCommand(), new ProduceCommand(), new ConsumeCommand(), new GroupsCommand(), new TransactionsCommand()];
        int exitCode = await new CommandLineApp(commands, context).RunAsync(args, limit.Token);
        return new(exitCode, output is null ? bytes.ToArray() : [], text.ToString().ReplaceLineEndings("\n"), error.ToString().ReplaceLineEndings("\n"));
    }

    public static Task<CommandOutcome> RunAsync(FakeBroker broker, string input, string line, params string[] more) =>
        RunAsync(broker, Encoding.UTF8.GetBytes(input), output: null, line, more);
}

/// <summary>What a command did.</summary>
internal sealed record CommandOutcome(int ExitCode, byte[] Bytes, string Out, string Error)
{
    public string Text => Encoding.UTF8.GetString(Bytes);
}
