using System.Buffers.Binary;
using KBroker.Protocol.Messages;

namespace KBroker.Protocol.Wire;

/// <summary>A request on the wire: its length as int32, the header, the body.</summary>
public static class RequestFrame
{
    /// <summary>
    /// Reads the header of a request, whose version follows from the API key and version it starts with. Whether the version
    /// of the API is one that is served is the caller's to judge.
    /// </summary>
    /// <exception cref="MalformedMessageException">The bytes are not a header, or the API key is not known.</exception>
    public static RequestHeader ReadHeader(ref KafkaReader reader) => RequestHeader.Read(ref reader, HeaderVersion(reader));

    /// <summary>As <see cref="ReadHeader"/>, in place and without allocating.</summary>
    /// <exception cref="MalformedMessageException">The bytes are not a header, or the API key is not known.</exception>
    public static RequestHeaderView ReadHeaderView(scoped ref KafkaReader reader) => RequestHeaderView.Read(ref reader, HeaderVersion(reader));

    /// <summary>A whole request, with its length in front.</summary>
    /// <exception cref="MessageEncodingException">The version cannot carry a value.</exception>
    public static byte[] Write(IApiMessage body, short version, int correlationId, string? clientId)
    {
        ArgumentNullException.ThrowIfNull(body);
        short headerVersion = ApiKeys.Get(body.Key).RequestHeaderVersion(version);
        var header = new RequestHeader
        {
            RequestApiKey = (short)body.Key,
            RequestApiVersion = version,
            CorrelationId = correlationId,
            ClientId = clientId,
        };
        if (headerVersion == 0) header.ClientId = "";
        int size = header.GetSize(headerVersion) + body.GetSize(version, out _);
        var bytes = new byte[sizeof(int) + size];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        var writer = new KafkaWriter(bytes.AsSpan(sizeof(int)));
        header.Write(ref writer, headerVersion);
        body.Write(ref writer, version);
        return bytes;
    }

    private static short HeaderVersion(KafkaReader ahead)
    {
        short key = ahead.ReadInt16();
        short version = ahead.ReadInt16();
        ApiKeyInfo api = ApiKeys.Find(key) ?? throw new MalformedMessageException($"unknown API key {key}");
        return api.RequestHeaderVersion(version);
    }
}
