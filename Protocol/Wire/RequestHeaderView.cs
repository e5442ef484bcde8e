namespace KBroker.Protocol.Wire;

/// <summary>A request's header read in place: for a broker, which reads one with every request and knows most client ids already.</summary>
public readonly ref struct RequestHeaderView
{
    private RequestHeaderView(short apiKey, short apiVersion, int correlationId, bool hasClientId, ReadOnlySpan<byte> clientId)
    {
        ApiKey = apiKey;
        ApiVersion = apiVersion;
        CorrelationId = correlationId;
        HasClientId = hasClientId;
        ClientId = clientId;
    }

    /// <summary>The API key as it stands in the request; not necessarily a known one.</summary>
    public short ApiKey { get; }

    /// <summary>The version of the API.</summary>
    public short ApiVersion { get; }

    /// <summary>The client's number for this request.</summary>
    public int CorrelationId { get; }

    /// <summary>Whether the client gives itself a name.</summary>
    public bool HasClientId { get; }

    /// <summary>The client's name for itself in UTF-8.</summary>
    public ReadOnlySpan<byte> ClientId { get; }

    /// <summary>Reads what all versions of the header begin with; the reader stays where it is.</summary>
    /// <exception cref="MalformedMessageException">The bytes are too few.</exception>
    public static RequestHeaderView Peek(KafkaReader reader) =>
        new(reader.ReadInt16(), reader.ReadInt16(), reader.ReadInt32(), hasClientId: false, clientId: default);

    /// <summary>Reads the header in the given version, 0 to 2; unknown tagged fields are skipped.</summary>
    /// <exception cref="MalformedMessageException">The bytes are not a header.</exception>
    public static RequestHeaderView Read(ref KafkaReader reader, short headerVersion)
    {
        short apiKey = reader.ReadInt16();
        short apiVersion = reader.ReadInt16();
        int correlationId = reader.ReadInt32();
        ReadOnlySpan<byte> clientId = default;
        // The client id never has a compact length, so that a broker can read it before it knows the version (KIP-511).
        bool hasClientId = headerVersion >= 1 && reader.TryReadUtf8(flexible: false, out clientId);
        if (headerVersion >= 2) reader.SkipTaggedFields();
        return new RequestHeaderView(apiKey, apiVersion, correlationId, hasClientId, clientId);
    }
}
