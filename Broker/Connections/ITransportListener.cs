using System.Net;

namespace KBroker.Broker.Connections;

/// <summary>Where connections come from.</summary>
public interface ITransportListener : IAsyncDisposable
{
    /// <summary>The bound address: with the real port where port 0 was asked for.</summary>
    EndPoint EndPoint { get; }

    /// <summary>The next connection, or null once the listener is closed.</summary>
    /// <exception cref="IOException">This accept failed, for instance for want of file descriptors; later ones may succeed.</exception>
    ValueTask<ITransportConnection?> AcceptAsync();

    /// <summary>Stops accepting; a pending <see cref="AcceptAsync"/> gives null. Idempotent.</summary>
    void Close();
}
