namespace KBroker.Broker.Connections;

/// <summary>Limits and deadlines of the connections of a broker. All times are positive.</summary>
public sealed record ConnectionOptions
{
    /// <summary>The largest request in bytes (<c>socket.request.max.bytes</c>).</summary>
    public int MaxRequestBytes { get; init; } = 100 << 20;

    /// <summary>Responses of one connection that may wait; reading stops when that many do.</summary>
    public int MaxQueuedResponses { get; init; } = 16;

    /// <summary>Connections the broker holds at once (<c>max.connections</c>).</summary>
    public int MaxConnections { get; init; } = 16_384;

    /// <summary>Connections from one address at once (<c>max.connections.per.ip</c>).</summary>
    public int MaxConnectionsPerIp { get; init; } = 8_192;

    /// <summary>How long a client may pause in the middle of a request.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The slowest a request may arrive, in bytes per second, once <see cref="ReadTimeout"/> has passed since its first byte.
    /// </summary>
    public int MinReadRate { get; init; } = 240;

    /// <summary>
    /// How long a client may take no byte of a response. Generous, because a consumer that is busy with its records does not
    /// read; as long as its <c>max.poll.interval.ms</c>.
    /// </summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a connection may be silent (<c>connections.max.idle.ms</c>).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often deadlines are looked at; they are met this coarsely.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(1);
}
