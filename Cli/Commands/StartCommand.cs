using System.CommandLine;
using System.Net;
using KBroker.Broker.Configuration;

namespace KBroker.Cli.Commands;

/// <summary><c>kbroker start</c>: reads the configuration and runs a broker until the process is told to stop.</summary>
/// <param name="runBroker">Runs a broker; completes when it has stopped.</param>
public sealed class StartCommand(Func<BrokerConfig, CliContext, CancellationToken, Task<int>> runBroker) : ICliCommand
{
    private const string Description =
        "Start a broker. Without a configuration file it serves PLAINTEXT://localhost:9092 to this machine only and keeps its data in "
        + "./kbroker-data. Settings have Kafka's names and units; later sources win: built-in defaults, the file, environment variables "
        + "(KAFKA_LOG_DIRS or KBROKER_LOG_DIRS for log.dirs), --override.";

    /// <inheritdoc />
    public Command Build(CliContext context)
    {
        var options = new StartOptions();
        var command = new Command("start", Description);
        options.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            BrokerConfig? config = Load(context, options.File(parsed), options.Overrides(parsed));
            return config is null ? ExitCodes.Failure : await runBroker(config, context, cancellation).ConfigureAwait(false);
        });
        return command;
    }

    private static BrokerConfig? Load(CliContext context, string? file, IReadOnlyList<string> overrides)
    {
        BrokerConfigResult result = BrokerConfigLoader.Load(new()
        {
            File = file,
            Environment = context.Environment,
            Overrides = overrides,
            HostName = Dns.GetHostName(),
        });
        foreach (ConfigProblem warning in result.Warnings) context.Error.WriteLine($"kbroker: warning: {warning}");
        foreach (ConfigProblem error in result.Errors) context.Error.WriteLine($"kbroker: {error}");
        return result.Config;
    }
}
