using KBroker.Protocol;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Connections;

/// <summary>One request: the header, the bytes of the body and the connection it came by.</summary>
/// <param name="ApiKey">The API.</param>
/// <param name="ApiVersion">The version of the API, one that the handler serves.</param>
/// <param name="CorrelationId">The client's number for this request.</param>
/// <param name="ClientId">The client's name for itself; null when it gives none.</param>
/// <param name="Body">The bytes after the header. Valid until the request is dispatched, not longer.</param>
/// <param name="Connection">The connection.</param>
public readonly record struct RequestContext(
    ApiKey ApiKey, short ApiVersion, int CorrelationId, string? ClientId, ReadOnlyMemory<byte> Body, ClientConnection Connection)
{
    /// <summary>Cancelled when the connection ends: no response will be sent any more.</summary>
    public CancellationToken Closed => Connection.Closed;

    /// <summary>Reads the whole body.</summary>
    /// <exception cref="MalformedMessageException">The body is not such a message, or bytes follow it.</exception>
    public TRequest ReadBody<TRequest>()
        where TRequest : WireStruct, IApiMessage<TRequest>
    {
        var reader = new KafkaReader(Body);
        TRequest request = TRequest.Read(ref reader, ApiVersion);
        CheckConsumed(in reader);
        return request;
    }

    /// <summary>Refuses bytes after a request: a client that sends them means something else than was read.</summary>
    /// <exception cref="MalformedMessageException">Bytes are left.</exception>
    public static void CheckConsumed(in KafkaReader reader)
    {
        if (reader.Remaining > 0) throw new MalformedMessageException($"{reader.Remaining} bytes follow the request");
    }
}
