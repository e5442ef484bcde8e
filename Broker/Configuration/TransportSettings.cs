using KBroker.Broker.Connections;

namespace KBroker.Broker.Configuration;

/// <summary>Gives the transport the settings that concern it.</summary>
public static class TransportSettings
{
    /// <summary>Limits and deadlines of connections.</summary>
    /// <param name="sockets">The configuration.</param>
    /// <returns>The transport's options.</returns>
    public static ConnectionOptions Connections(SocketConfig sockets) => new()
    {
        MaxRequestBytes = sockets.RequestMaxBytes,
        MaxConnections = sockets.MaxConnections,
        MaxConnectionsPerIp = sockets.MaxConnectionsPerIp,
        ReadTimeout = sockets.RequestReadTimeout,
        WriteTimeout = sockets.ResponseWriteTimeout,
        IdleTimeout = sockets.MaxIdle is { Ticks: > 0 } idle ? idle : TimeSpan.MaxValue,
    };

    /// <summary>The addresses to listen on.</summary>
    /// <param name="listeners">The listeners.</param>
    /// <param name="sockets">The configuration.</param>
    /// <returns>The transport's options, one for each listener.</returns>
    public static IReadOnlyList<ListenerOptions> Listeners(ListenerConfig listeners, SocketConfig sockets) =>
    [
        .. listeners.Bound.Select(endpoint => new ListenerOptions(endpoint.Name, endpoint.Host, endpoint.Port)
        {
            SecurityProtocol = endpoint.Protocol,
            Backlog = sockets.ListenBacklog,
        }),
    ];
}
