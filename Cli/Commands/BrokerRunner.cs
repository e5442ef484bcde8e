using KBroker.Broker.Configuration;
using KBroker.Broker.Connections.Sockets;
using KBroker.Broker.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace KBroker.Cli.Commands;

/// <summary>Runs a broker in this process until the process is told to stop.</summary>
public static class BrokerRunner
{
    /// <summary>Starts a broker, says how to reach it, and stops it in order when <paramref name="stopping"/> is cancelled.</summary>
    /// <param name="config">The broker's configuration.</param>
    /// <param name="context">The process.</param>
    /// <param name="stopping">Cancelled by SIGTERM or SIGINT.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    /// <exception cref="CliException">The broker cannot start, or has lost all its log directories.</exception>
    public static async Task<int> RunAsync(BrokerConfig config, CliContext context, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(context);
        SocketRuntime.UseInlineCompletions();
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(LogLevel.Information)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-dd HH:mm:ss.fff ";
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            }));
        BrokerHost host;
        try
        {
            host = await BrokerHost.StartAsync(config, new BrokerPlatform { Loggers = loggers, Time = context.Time }).ConfigureAwait(false);
        }
        catch (BrokerStartException e)
        {
            throw new CliException(e.Message);
        }

        await using (host.ConfigureAwait(false))
        {
            await context.Out.WriteLineAsync($"KBroker is ready: bootstrap.servers={host.BootstrapServers}").ConfigureAwait(false);
            await context.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using CancellationTokenRegistration registration = stopping.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), stopped);
            if (await Task.WhenAny(stopped.Task, host.Failed).ConfigureAwait(false) == host.Failed)
                throw new CliException(await host.Failed.ConfigureAwait(false));
            await host.StopAsync().ConfigureAwait(false);
        }

        return ExitCodes.Success;
    }
}
