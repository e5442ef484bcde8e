namespace KBroker.Broker.Configuration;

/// <summary>Limits and deadlines of connections.</summary>
/// <param name="RequestMaxBytes">The largest request frame in bytes.</param>
/// <param name="SendBufferBytes">The socket's send buffer in bytes; -1 leaves it to the operating system.</param>
/// <param name="ReceiveBufferBytes">The socket's receive buffer in bytes; -1 leaves it to the operating system.</param>
/// <param name="ListenBacklog">Connections that may wait to be accepted.</param>
/// <param name="MaxIdle">How long a connection may be idle; null for ever.</param>
/// <param name="MaxConnections">Connections at a time.</param>
/// <param name="MaxConnectionsPerIp">Connections at a time from one address.</param>
/// <param name="MaxConnectionsPerIpOverrides">The same for some addresses or host names.</param>
/// <param name="QueuedMaxRequestBytes">Bytes of requests held at a time; null without bound.</param>
/// <param name="RequestReadTimeout">How long a client may pause in the middle of a request.</param>
/// <param name="ResponseWriteTimeout">How long a client may leave a response unread.</param>
public sealed record SocketConfig(
    int RequestMaxBytes,
    int SendBufferBytes,
    int ReceiveBufferBytes,
    int ListenBacklog,
    TimeSpan? MaxIdle,
    int MaxConnections,
    int MaxConnectionsPerIp,
    IReadOnlyDictionary<string, int> MaxConnectionsPerIpOverrides,
    long? QueuedMaxRequestBytes,
    TimeSpan RequestReadTimeout,
    TimeSpan ResponseWriteTimeout);
