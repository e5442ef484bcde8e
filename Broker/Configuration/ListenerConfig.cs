namespace KBroker.Broker.Configuration;

/// <summary>Where the broker listens and what it tells clients.</summary>
/// <param name="Bound">The addresses to listen on; at least one, with distinct names.</param>
/// <param name="Advertised">The addresses told to clients, by the names of <paramref name="Bound"/>; port 0 stands for the port that was bound.</param>
/// <param name="InterBrokerName">The name of the listener other brokers use.</param>
/// <param name="NotOpened">Listeners that Kafka would keep for its controller quorum.</param>
public sealed record ListenerConfig(
    IReadOnlyList<ListenerEndpoint> Bound,
    IReadOnlyList<ListenerEndpoint> Advertised,
    string InterBrokerName,
    IReadOnlyList<ListenerEndpoint> NotOpened);
