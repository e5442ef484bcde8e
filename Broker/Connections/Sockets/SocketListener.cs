using System.Net;
using System.Net.Sockets;
using KBroker.Broker.Connections.Memory;

namespace KBroker.Broker.Connections.Sockets;

/// <summary>Accepts TCP connections on one address.</summary>
public sealed class SocketListener : ITransportListener
{
    private readonly Socket _socket;
    private readonly FrameLeasePool _leases;
    private readonly RequestMemoryBudget _budget;
    private volatile bool _closed;

    private SocketListener(Socket socket, FrameLeasePool leases, RequestMemoryBudget budget)
    {
        _socket = socket;
        _leases = leases;
        _budget = budget;
        EndPoint = socket.LocalEndPoint!;
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <summary>Binds and listens. An empty host is every address, of IPv6 and IPv4 where the system has both.</summary>
    /// <exception cref="IOException">The host is unknown or the address cannot be bound; the message names it.</exception>
    public static SocketListener Bind(ListenerOptions options, FrameLeasePool leases, RequestMemoryBudget budget)
    {
        try
        {
            IPAddress address = Resolve(options.Host);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                if (address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                // Accepted connections inherit these; the receive window is negotiated from them, so they are set before.
                if (options.SendBufferBytes >= 0) socket.SendBufferSize = options.SendBufferBytes;
                if (options.ReceiveBufferBytes >= 0) socket.ReceiveBufferSize = options.ReceiveBufferBytes;
                socket.Bind(new IPEndPoint(address, options.Port));
                socket.Listen(options.Backlog);
                return new SocketListener(socket, leases, budget);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        catch (SocketException error)
        {
            string host = options.Host.Length == 0 ? "*" : options.Host;
            throw new IOException(
                $"Listener {options.Name} cannot listen on {host}:{options.Port}: {error.Message} ({error.SocketErrorCode}).", error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ITransportConnection?> AcceptAsync()
    {
        while (true)
        {
            Socket? socket = null;
            try
            {
                socket = await _socket.AcceptAsync().ConfigureAwait(false);
                return new SocketConnection(socket, _leases, _budget);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                socket?.Dispose();
                if (_closed) return null;
                if (socket is null && !IsOfTheClient(error)) throw new IOException("Accepting a connection failed.", error);
            }
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        _closed = true;
        _socket.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    /// <summary>A client that was gone before it was accepted.</summary>
    private static bool IsOfTheClient(Exception error) =>
        error is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted };

    private static IPAddress Resolve(string host)
    {
        if (host.Length == 0) return Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        if (IPAddress.TryParse(host, out IPAddress? address)) return address;
        IPAddress[] addresses = Dns.GetHostAddresses(host);
        return Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
    }
}
