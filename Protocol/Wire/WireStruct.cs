namespace KBroker.Protocol.Wire;

/// <summary>A message, header, persisted record or a structure inside one.</summary>
public abstract class WireStruct
{
    /// <summary>
    /// Tagged fields that the schema does not know, by ascending tag; null when there are none. Only flexible versions can
    /// carry them.
    /// </summary>
    public List<RawTaggedField>? UnknownTaggedFields { get; set; }

    /// <summary>Writes the fields in the given version.</summary>
    /// <exception cref="MessageEncodingException">The version cannot carry a value.</exception>
    public abstract void Write(ref KafkaWriter w, short v);

    /// <summary>The bytes that <see cref="Write"/> puts into its span: all but those of records that come from a source.</summary>
    /// <exception cref="MessageEncodingException">The version cannot carry a value.</exception>
    public int GetSize(short version) => GetSize(version, out _);

    /// <summary>As <see cref="GetSize(short)"/>; <paramref name="splicedBytes"/> counts the bytes that come from sources.</summary>
    /// <exception cref="MessageEncodingException">The version cannot carry a value.</exception>
    public int GetSize(short version, out long splicedBytes)
    {
        KafkaWriter writer = KafkaWriter.Measure();
        Write(ref writer, version);
        splicedBytes = writer.SplicedBytes;
        return writer.Position;
    }

    /// <summary>The encoded form, in a new array of its exact size. Records must lie in memory.</summary>
    /// <exception cref="MessageEncodingException">The version cannot carry a value.</exception>
    public byte[] ToArray(short version)
    {
        var bytes = new byte[GetSize(version)];
        var writer = new KafkaWriter(bytes);
        Write(ref writer, version);
        return bytes;
    }
}
