using KBroker.Protocol.Messages;

namespace KBroker.Protocol.Wire;

/// <summary>A response on the wire: its length as int32, the header, the body.</summary>
public static class ResponseFrame
{
    /// <summary>
    /// The bytes that <see cref="Write"/> puts into its span, length included; records that come from a source are not among
    /// them but counted in <paramref name="splicedBytes"/>.
    /// </summary>
    /// <exception cref="MessageEncodingException">The version cannot carry a value.</exception>
    public static int GetSize(IApiMessage body, short version, out long splicedBytes)
    {
        ArgumentNullException.ThrowIfNull(body);
        int header = sizeof(int) + sizeof(int) + ApiKeys.Get(body.Key).ResponseHeaderVersion(version);
        return header + body.GetSize(version, out splicedBytes);
    }

    /// <summary>
    /// Writes a whole response into a span of exactly the size that <see cref="GetSize"/> gave. Positions of
    /// <paramref name="splices"/> count from the span's start.
    /// </summary>
    /// <exception cref="MessageEncodingException">
    /// The version cannot carry a value, or the response exceeds 2 GB.
    /// </exception>
    public static void Write(
        Span<byte> destination, IApiMessage body, short version, int correlationId, long splicedBytes, List<RecordsSplice>? splices)
    {
        ArgumentNullException.ThrowIfNull(body);
        long length = destination.Length - sizeof(int) + splicedBytes;
        if (length > int.MaxValue) throw new MessageEncodingException($"a response of {length} bytes");
        var writer = new KafkaWriter(destination, splices);
        writer.WriteInt32((int)length);
        writer.WriteInt32(correlationId);
        // A flexible header is the correlation id and an empty section of tagged fields.
        if (ApiKeys.Get(body.Key).ResponseHeaderVersion(version) == 1) writer.WriteUnsignedVarInt(0);
        body.Write(ref writer, version);
        if (writer.Position != destination.Length) throw new ArgumentException("the span has another size than the response", nameof(destination));
    }

    /// <summary>A whole response in a new array. Records must lie in memory.</summary>
    /// <exception cref="MessageEncodingException">The version cannot carry a value.</exception>
    public static byte[] ToArray(IApiMessage body, short version, int correlationId)
    {
        var bytes = new byte[GetSize(body, version, out long splicedBytes)];
        Write(bytes, body, version, correlationId, splicedBytes, splices: null);
        return bytes;
    }

    /// <summary>Reads the header that goes before a response of the given API and version.</summary>
    /// <exception cref="MalformedMessageException">The bytes are not a header.</exception>
    public static ResponseHeader ReadHeader(ref KafkaReader reader, ApiKey key, short version) =>
        ResponseHeader.Read(ref reader, ApiKeys.Get(key).ResponseHeaderVersion(version));
}
