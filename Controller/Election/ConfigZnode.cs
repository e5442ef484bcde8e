using System.Collections.Immutable;

namespace KBroker.Controller.Election;

/// <summary><c>/config/*/X</c>, version 1: names and values, all text.</summary>
internal static class ConfigZnode
{
    public static byte[] Encode(ImmutableDictionary<string, string> config) => ZnodeJson.Write(json =>
    {
        json.WriteNumber("version", 1);
        json.WriteStartObject("config");
        foreach ((string name, string value) in config.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    });

    public static ImmutableDictionary<string, string> Decode(string path, ReadOnlyMemory<byte> data)
    {
        // Kafka creates some configuration nodes without data.
        if (data.IsEmpty) return ImmutableDictionary<string, string>.Empty;
        return ZnodeJson.Read(path, data, root => root.GetProperty("config").EnumerateObject()
            .ToImmutableDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? throw new FormatException("null value")));
    }
}
