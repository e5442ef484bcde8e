using KBroker.Protocol.Wire;

namespace KBroker.Broker.Coordinators;

/// <summary>
/// One record of an internal topic, in Kafka's bytes: a number that says what kind of key follows (int16), the key; the value's version
/// (int16), the value. Without a value it is a tombstone.
/// </summary>
/// <param name="Key">The bytes of the key.</param>
/// <param name="Value">The bytes of the value; null deletes what the key stands for.</param>
public readonly record struct CoordinatorRecord(byte[] Key, byte[]? Value)
{
    private const int LongestString = short.MaxValue - 64;

    /// <summary>A record that sets a value.</summary>
    /// <param name="keyKind">The number of the key's kind.</param>
    /// <param name="key">The key; keys have one version, 0.</param>
    /// <param name="valueVersion">The version to write the value in.</param>
    /// <param name="value">The value.</param>
    public static CoordinatorRecord Set(short keyKind, WireStruct key, short valueVersion, WireStruct value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new CoordinatorRecord(Encode(keyKind, key, 0), Encode(valueVersion, value, valueVersion));
    }

    /// <summary>A record that deletes what the key stands for.</summary>
    public static CoordinatorRecord Tombstone(short keyKind, WireStruct key) => new(Encode(keyKind, key, 0), null);

    /// <summary>The size in the log, about, in bytes.</summary>
    public int Size => Key.Length + (Value?.Length ?? 0);

    /// <summary>Whether a string fits into a record, with room for what may be put before or behind it.</summary>
    public static bool FitsString(string? text) =>
        text is null || (text.Length <= LongestString && System.Text.Encoding.UTF8.GetByteCount(text) <= LongestString);

    private static byte[] Encode(short prefix, WireStruct body, short version)
    {
        ArgumentNullException.ThrowIfNull(body);
        var bytes = new byte[sizeof(short) + body.GetSize(version)];
        var writer = new KafkaWriter(bytes);
        writer.WriteInt16(prefix);
        body.Write(ref writer, version);
        return bytes;
    }
}
