using System.Reflection;
using System.Text.Json;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Messages;

/// <summary>Reads any message by its name.</summary>
public sealed class MessageCodec
{
    private delegate WireStruct Reader(ref KafkaReader reader, short version);

    private static readonly Dictionary<string, MessageCodec> ByName = typeof(ProduceRequest).Assembly.GetTypes()
        .Where(type => type is { Namespace: "KBroker.Protocol.Messages", IsNested: false } && type.IsSubclassOf(typeof(WireStruct)))
        .ToDictionary(type => type.Name, type => new MessageCodec(type));

    private readonly Reader _read;

    private MessageCodec(Type type)
    {
        Type = type;
        _read = type.GetMethod("Read", BindingFlags.Public | BindingFlags.Static)!.CreateDelegate<Reader>();
    }

    public static IReadOnlyCollection<MessageCodec> All => ByName.Values;

    public Type Type { get; }

    public short LowestVersion => (short)Type.GetField("LowestVersion")!.GetRawConstantValue()!;

    public short HighestVersion => (short)Type.GetField("HighestVersion")!.GetRawConstantValue()!;

    public static MessageCodec Of(JsonElement row) => ByName[row.GetProperty("message").GetString()!];

    /// <summary>
    /// The version of a vector. Keys of persisted records have one layout; where a vector gives the record type for a version,
    /// as a release did, that layout is meant.
    /// </summary>
    public static short VersionOf(JsonElement row)
    {
        short version = row.GetProperty("version").GetInt16();
        Type type = Of(row).Type;
        bool isRecordType = type.Name.EndsWith("Key", StringComparison.Ordinal) &&
            version.Equals(type.GetField("RecordType")?.GetRawConstantValue());
        return isRecordType ? (short)0 : version;
    }

    public static byte[] BytesOf(JsonElement row) => Convert.FromHexString(row.GetProperty("hex").GetString()!);

    /// <summary>Reads a message and says what is left.</summary>
    public WireStruct Read(ReadOnlyMemory<byte> bytes, short version, out int remaining)
    {
        var reader = new KafkaReader(bytes);
        WireStruct message = _read(ref reader, version);
        remaining = reader.Remaining;
        return message;
    }

    /// <summary>Reads a whole message; bytes after it are an error.</summary>
    public WireStruct Read(ReadOnlyMemory<byte> bytes, short version)
    {
        WireStruct message = Read(bytes, version, out int remaining);
        Assert.Equal(0, remaining);
        return message;
    }
}
