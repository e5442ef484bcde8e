using System.Net;

namespace KBroker.Broker.Connections;

/// <summary>Counts the connections of a broker, over all listeners, in total and by client address.</summary>
public sealed class ConnectionQuota(int maxConnections, int maxConnectionsPerIp)
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
            if ((remote as IPEndPoint)?.Address is { } address)
            {
                int count = _byAddress.GetValueOrDefault(address);
                if (count >= maxConnectionsPerIp) return "max.connections.per.ip";
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
            if ((remote as IPEndPoint)?.Address is not { } address) return;
            int count = _byAddress.GetValueOrDefault(address) - 1;
            if (count > 0) _byAddress[address] = count;
            else _byAddress.Remove(address);
        }
    }
}
