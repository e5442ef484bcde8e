using System.Net;
using System.Threading.Channels;
using KBroker.Broker.Connections;

namespace KBroker.TestKit;

/// <summary>Hands a broker connections that exist in memory only.</summary>
public sealed class InMemoryListener : ITransportListener
{
    private readonly Channel<InMemoryConnection> _pending = Channel.CreateUnbounded<InMemoryConnection>();

    public EndPoint EndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 0);

    /// <summary>A new connection to the broker behind this listener.</summary>
    public RawClient Connect(int window = 64 << 10, EndPoint? remote = null) => RawClient.Over(Open(window, remote).ClientStream);

    /// <summary>As <see cref="Connect"/>, giving the broker's end.</summary>
    public InMemoryConnection Open(int window = 64 << 10, EndPoint? remote = null)
    {
        var connection = new InMemoryConnection(window, remote);
        if (!_pending.Writer.TryWrite(connection)) throw new IOException("The listener is closed.");
        return connection;
    }

    public async ValueTask<ITransportConnection?> AcceptAsync() =>
        await _pending.Reader.WaitToReadAsync() && _pending.Reader.TryRead(out InMemoryConnection? connection) ? connection : null;

    public void Close() => _pending.Writer.TryComplete();

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }
}
