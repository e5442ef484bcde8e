using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Reflection;
using KBroker.Cli.Commands;

namespace KBroker.Cli;

/// <summary>
/// Parses a command line and runs its command. Help goes to standard output with exit code 0; a line that is not understood gets its
/// reason and the command's usage on standard error with exit code 2; a failure gets one message and exit code 1, never a stack trace.
/// </summary>
/// <param name="commands">The commands there are.</param>
/// <param name="context">The process.</param>
public sealed class CommandLineApp(IReadOnlyList<ICliCommand> commands, CliContext context)
{
    // Arguments are taken as they are: no @file expansion, no -abc bundles.
    private static readonly ParserConfiguration AsGiven = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>The program's version, as <c>--version</c> prints it.</summary>
    public static string Version
    {
        get
        {
            string version = typeof(CommandLineApp).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
            int build = version.IndexOf('+', StringComparison.Ordinal);
            return build < 0 ? version : version[..build];
        }
    }

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="cancellation">Ends the command early; its exit code is then its own choice.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> args, CancellationToken cancellation)
    {
        try
        {
            Command root = BuildRoot();
            ParseResult parsed = root.Parse(args, AsGiven);
            if ((parsed.Errors.Count > 0 || Directives(parsed).Any()) && parsed.Action is not HelpWithNotes) return ExplainUsage(root, parsed);
            return await parsed.InvokeAsync(Streams(context.Out), cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (CliException e)
        {
            await context.Error.WriteLineAsync($"kbroker: {e.Message}").ConfigureAwait(false);
            return ExitCodes.Failure;
        }
        catch (Exception e)
        {
            // The last line of defence: a user gets the message; KBROKER_DEBUG adds the rest for a bug report.
            bool debug = context.Environment.GetValueOrDefault("KBROKER_DEBUG") == "1";
            await context.Error.WriteLineAsync($"kbroker: {(debug ? e.ToString() : $"{e.GetType().Name}: {e.Message}")}").ConfigureAwait(false);
            return ExitCodes.Failure;
        }
        finally
        {
            await context.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private Command BuildRoot()
    {
        // Not a RootCommand: that takes its name from the running executable and brings directives of its own.
        var root = new Command("kbroker", "A Kafka-compatible broker and its tools. Every command explains itself with --help.")
        {
            new HelpOption { Action = new HelpWithNotes() },
        };
        var version = new Option<bool>("--version") { Description = "Print the version and exit", Arity = ArgumentArity.Zero };
        root.Add(version);
        root.SetAction(parsed => parsed.GetValue(version) ? ShowVersion() : ShowUsage(root, parsed));
        foreach (ICliCommand command in commands) root.Add(command.Build(context));
        return root;
    }

    // The parser drops a first word in square brackets.
    private static IEnumerable<string> Directives(ParseResult parsed) =>
        parsed.Tokens.Where(token => token.Type == TokenType.Directive).Select(token => token.Value);

    private int ExplainUsage(Command root, ParseResult parsed)
    {
        IEnumerable<string> messages = parsed.Errors.Select(error => error.Message).Concat(Directives(parsed).Select(word => $"Unrecognized word '{word}'."));
        foreach (string message in messages.Distinct()) context.Error.WriteLine($"kbroker: {message}");
        context.Error.WriteLine();
        return ShowUsage(root, parsed);
    }

    private int ShowVersion()
    {
        context.Out.WriteLine($"kbroker {Version}");
        return ExitCodes.Success;
    }

    private int ShowUsage(Command root, ParseResult parsed)
    {
        var path = new List<string> { "--help" };
        for (var at = parsed.CommandResult; at.Command != root; at = (CommandResult)at.Parent!)
            path.Insert(0, at.Command.Name);
        root.Parse(path, AsGiven).Invoke(Streams(context.Error));
        return ExitCodes.Usage;
    }

    // The parser's own signal handling would end a draining broker after two seconds; the program has its own.
    private InvocationConfiguration Streams(TextWriter output) => new()
    {
        Output = output,
        Error = context.Error,
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    };
}
