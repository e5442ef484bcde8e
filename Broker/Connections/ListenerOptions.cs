namespace KBroker.Broker.Connections;

/// <summary>One entry of <c>listeners</c>: a name, an address and how the bytes are protected.</summary>
/// <param name="Name">The listener's name, such as <c>PLAINTEXT</c> or <c>INTERNAL</c>.</param>
/// <param name="Host">A host name or address; empty for every address.</param>
/// <param name="Port">0 to 65535; 0 takes a free port.</param>
public sealed record ListenerOptions(string Name, string Host, int Port)
{
    /// <summary>How the bytes on the wire are protected.</summary>
    public SecurityProtocol SecurityProtocol { get; init; } = SecurityProtocol.Plaintext;

    /// <summary>Connections that may wait to be accepted (<c>socket.listen.backlog.size</c>).</summary>
    public int Backlog { get; init; } = 512;

    /// <summary>The send buffer of each connection in bytes (<c>socket.send.buffer.bytes</c>); -1 leaves it to the system.</summary>
    public int SendBufferBytes { get; init; } = -1;

    /// <summary>The receive buffer of each connection in bytes (<c>socket.receive.buffer.bytes</c>); -1 leaves it to the system.</summary>
    public int ReceiveBufferBytes { get; init; } = -1;
}
