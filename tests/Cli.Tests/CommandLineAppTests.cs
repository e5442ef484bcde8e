using System.CommandLine;
using KBroker.Cli.Commands;

namespace KBroker.Cli.Tests;

public sealed class CommandLineAppTests
{
    private static readonly Dictionary<string, string> NoEnvironment = [];

    [Fact]
    public async Task Run_Help_GoesToStandardOutputWithCodeZero()
    {
        CliOutcome outcome = await RunAsync("--help");
        Assert.Equal(ExitCodes.Success, outcome.ExitCode);
        Assert.Contains("Usage:", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("fail", outcome.Out, StringComparison.Ordinal);
        Assert.Empty(outcome.Error);
        Assert.Equal(ExitCodes.Success, (await RunAsync("fail", "--help")).ExitCode);
    }

    [Fact]
    public async Task Run_Version_PrintsNameAndNumber()
    {
        CliOutcome outcome = await RunAsync("--version");
        Assert.Equal(ExitCodes.Success, outcome.ExitCode);
        Assert.Matches(@"^kbroker \d+\.\d+\.\d+\s*$", outcome.Out);
    }

    [Theory]
    [InlineData("", "Usage:")]
    [InlineData("--nonsense", "--nonsense")]
    [InlineData("nonsense", "nonsense")]
    [InlineData("fail --nonsense", "--nonsense")]
    [InlineData("fail --how", "--how")]
    [InlineData("fail extra", "extra")]
    [InlineData("@nonsense", "@nonsense")]
    [InlineData("[diagram] fail", "[diagram]")]
    [InlineData("fail --version", "--version")]
    public async Task Run_LineNotUnderstood_ExplainsOnStandardErrorWithCodeTwo(string line, string mention)
    {
        CliOutcome outcome = await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(ExitCodes.Usage, outcome.ExitCode);
        Assert.Empty(outcome.Out);
        Assert.Contains(mention, outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Usage:", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_CommandFails_OneMessageAndCodeOne()
    {
        CliOutcome outcome = await RunAsync("fail", "--how", "expected");
        Assert.Equal(new(ExitCodes.Failure, "", $"kbroker: no such broker{Environment.NewLine}"), outcome);
    }

    [Fact]
    public async Task Run_CommandHasABug_NoStackTrace()
    {
        CliOutcome outcome = await RunAsync("fail", "--how", "bug");
        Assert.Equal(ExitCodes.Failure, outcome.ExitCode);
        Assert.Equal($"kbroker: InvalidOperationException: oops{Environment.NewLine}", outcome.Error);
    }

    [Fact]
    public async Task Run_CommandSucceeds_ItsCodeIsTheExitCode()
    {
        Assert.Equal(new(7, $"done{Environment.NewLine}", ""), await RunAsync("fail", "--how", "not"));
        Assert.Equal(7, (await RunAsync("fail", "--how=@literal")).ExitCode);
    }

    private static Task<CliOutcome> RunAsync(params string[] args) => CliRun.RunAsync([new FailCommand()], NoEnvironment, args);

    private sealed class FailCommand : ICliCommand
    {
        public Command Build(CliContext context)
        {
            var how = new Option<string>("--how") { Required = false };
            var command = new Command("fail", "Fails as told.");
            command.Add(how);
            command.SetAction(parsed =>
            {
                if (parsed.GetValue(how) == "expected") throw new CliException("no such broker");
                if (parsed.GetValue(how) == "bug") throw new InvalidOperationException("oops");
                context.Out.WriteLine("done");
                return 7;
            });
            return command;
        }
    }
}
