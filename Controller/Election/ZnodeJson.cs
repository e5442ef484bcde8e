using System.Buffers;
using System.Text.Json;

namespace KBroker.Controller.Election;

/// <summary>The helpers of the znode codecs.</summary>
internal static class ZnodeJson
{
    public static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            content(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a node's JSON; what does not have the expected form throws, naming the node.</summary>
    public static T Read<T>(string path, ReadOnlyMemory<byte> data, Func<JsonElement, T> select)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(data);
            return select(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"{path} in the coordination store does not have the expected form: {e.Message}", e);
        }
    }
}
