using System.Net;

namespace KBroker.Broker.Connections;

/// <summary>Counts the connections of a broker, over all listeners, in total and by client address.</summary>
/// <param name="maxConnections"><c>max.connections</c>.</param>
/// <param name="maxConnectionsPerIp"><c>max.connections.per.ip</c>.</param>
/// <param name="exceptions"><c>max.connections.per.ip.overrides</c>, by <see cref="Canonical"/> address; null for none.</param>
public sealed class ConnectionQuota(
    int maxConnections, int maxConnectionsPerIp, IReadOnlyDictionary<IPAddress, int>? exceptions = null)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _total;

    /// <summary>The connections now open.</summary>
    public int Total
    {
        get
        {
            lock (_gate) return _total;
        }
    }

    /// <summary>
    /// Counts a new connection. Returns null, or the name of the configured limit that forbids it; then nothing is counted.
    /// </summary>
    public string? TryOpen(EndPoint? remote)
    {
        lock (_gate)
        {
            if (_total >= maxConnections) return "max.connections";
            if (AddressOf(remote) is { } address)
            {
                int count = _byAddress.GetValueOrDefault(address);
                if (count >= (exceptions?.GetValueOrDefault(address, maxConnectionsPerIp) ?? maxConnectionsPerIp)) return "max.connections.per.ip";
                _byAddress[address] = count + 1;
            }

            _total++;
            return null;
        }
    }

    /// <summary>A connection that was counted has ended.</summary>
    public void Close(EndPoint? remote)
    {
        lock (_gate)
        {
            _total--;
            if (AddressOf(remote) is not { } address) return;
            int count = _byAddress.GetValueOrDefault(address) - 1;
            if (count > 0) _byAddress[address] = count;
            else _byAddress.Remove(address);
        }
    }

    /// <summary>The one form of an address: an IPv4 client of an IPv6 socket counts as the IPv4 client it is.</summary>
    public static IPAddress Canonical(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static IPAddress? AddressOf(EndPoint? remote) => remote is IPEndPoint ip ? Canonical(ip.Address) : null;
}
