using System.Net.Sockets;

namespace KBroker.Cli.Client;

/// <summary>What all parts of the client go by. The defaults are those of Kafka's clients.</summary>
public sealed record ClientOptions
{
    /// <summary>The client id in every request: <c>client.id</c>.</summary>
    public string ClientId { get; init; } = "kbroker";

    /// <summary>The name in ApiVersions (KIP-511).</summary>
    public string SoftwareName { get; init; } = "kbroker";

    /// <summary>The version in ApiVersions (KIP-511).</summary>
    public string SoftwareVersion { get; init; } = typeof(ClientOptions).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>How long to wait for a TCP connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait for one response: <c>request.timeout.ms</c>.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an operation may take with all its retries: <c>default.api.timeout.ms</c>.</summary>
    public TimeSpan ApiTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The first wait before a retry: <c>retry.backoff.ms</c>.</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait before a retry: <c>retry.backoff.max.ms</c>.</summary>
    public TimeSpan RetryBackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The clock of timeouts and waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The source of jitter and of random choices. Used by one caller at a time.</summary>
    public Random Random { get; init; } = new();

    /// <summary>Opens the byte stream to a broker.</summary>
    public Func<BrokerEndpoint, CancellationToken, ValueTask<Stream>> Dial { get; init; } = DialTcp;

    /// <summary>Told of what goes on but is no failure yet: a lost connection, a topic that is not there yet.</summary>
    public Action<string> Warn { get; init; } = static _ => { };

    private static async ValueTask<Stream> DialTcp(BrokerEndpoint endpoint, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
