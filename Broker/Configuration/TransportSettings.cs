using System.Net;
using System.Net.Sockets;
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

    /// <summary>The limits on numbers of connections; a host name among the exceptions stands for the addresses it has now.</summary>
    /// <param name="sockets">The configuration.</param>
    /// <returns>A quota without connections.</returns>
    public static ConnectionQuota Quota(SocketConfig sockets)
    {
        var exceptions = new Dictionary<IPAddress, int>();
        foreach ((string host, int limit) in sockets.MaxConnectionsPerIpOverrides)
        {
            foreach (IPAddress address in Resolve(host)) exceptions[ConnectionQuota.Canonical(address)] = limit;
        }

        return new ConnectionQuota(sockets.MaxConnections, sockets.MaxConnectionsPerIp, exceptions);
    }

    private static IPAddress[] Resolve(string host)
    {
        if (IPAddress.TryParse(host, out IPAddress? address)) return [address];
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (SocketException e)
        {
            throw new ConfigException([new ConfigProblem(
                BrokerConfigNames.MaxConnectionsPerIpOverrides, $"the host {host} is unknown: {e.Message}")]);
        }
    }

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
            SendBufferBytes = sockets.SendBufferBytes,
            ReceiveBufferBytes = sockets.ReceiveBufferBytes,
        }),
    ];
}
