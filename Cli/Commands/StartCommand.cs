using System.CommandLine;
using System.Net;
using KBroker.Broker.Configuration;

namespace KBroker.Cli.Commands;

/// <summary><c>kbroker start</c>: reads the configuration and runs a broker until the process is told to stop.</summary>
/// <param name="runBroker">Runs a broker; completes when it has stopped.</param>
public sealed class StartCommand(Func<BrokerConfig, CliContext, CancellationToken, Task<int>> runBroker) : ICliCommand
{
    private const string Notes = """
        Without a configuration file the broker serves PLAINTEXT://localhost:9092, to this machine only, and keeps its data in
        ./kbroker-data. Settings have Kafka's names and units. Later sources win: built-in defaults, the file, environment
        variables (KAFKA_LOG_DIRS or KBROKER_LOG_DIRS for log.dirs), --override. SIGTERM or Ctrl-C stops it in order.

        Examples:
          kbroker start
          kbroker start server.properties --override log.dirs=/var/lib/kbroker
          kbroker start --override listeners=PLAINTEXT://0.0.0.0:9092 --override advertised.listeners=PLAINTEXT://kafka.example.org:9092
        """;

    /// <inheritdoc />
    public Command Build(CliContext context)
    {
        var options = new StartOptions();
        var command = new DocumentedCommand("start", "Start a broker and run it until it is told to stop", Notes);
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
