namespace KBroker.Broker.Connections;

/// <summary>What one look at a connection shows.</summary>
/// <param name="BytesReceived">The bytes received since it began.</param>
/// <param name="BytesSent">The bytes sent since it began.</param>
/// <param name="IsAwaitingClient">A request has begun to arrive and the broker waits for the rest of it.</param>
/// <param name="IsSending">A response waits for the client to take it.</param>
/// <param name="IsBusy">A request is being served or a response is owed: silence is the broker's.</param>
internal readonly record struct ConnectionActivity(
    long BytesReceived, long BytesSent, bool IsAwaitingClient, bool IsSending, bool IsBusy);
