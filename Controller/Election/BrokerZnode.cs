using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary><c>/brokers/ids/N</c>, version 5. The broker's epoch is the node's creation id, not part of the data.</summary>
internal static class BrokerZnode
{
    public static byte[] Encode(IReadOnlyList<BrokerEndpoint> endpoints, string? rack, DateTimeOffset now) => ZnodeJson.Write(json =>
    {
        BrokerEndpoint? plain = endpoints.FirstOrDefault(endpoint => endpoint.SecurityProtocol == "PLAINTEXT");
        json.WriteNumber("version", 5);
        json.WriteString("host", plain?.Host);
        json.WriteNumber("port", plain?.Port ?? -1);
        json.WriteStartArray("endpoints");
        foreach (BrokerEndpoint endpoint in endpoints)
        {
            string host = endpoint.Host.Contains(':') ? $"[{endpoint.Host}]" : endpoint.Host;
            json.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"{endpoint.ListenerName}://{host}:{endpoint.Port}"));
        }

        json.WriteEndArray();
        json.WriteNumber("jmx_port", -1);
        json.WriteString("timestamp", now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        if (rack is not null) json.WriteString("rack", rack);
        json.WriteStartObject("listener_security_protocol_map");
        foreach (BrokerEndpoint endpoint in endpoints) json.WriteString(endpoint.ListenerName, endpoint.SecurityProtocol);
        json.WriteEndObject();
        json.WriteStartObject("features");
        json.WriteEndObject();
    });

    public static BrokerRegistration Decode(BrokerId id, BrokerEpoch epoch, string path, ReadOnlyMemory<byte> data)
        => ZnodeJson.Read(path, data, root =>
        {
            JsonElement protocols = root.TryGetProperty("listener_security_protocol_map", out JsonElement map) ? map : default;
            var endpoints = root.GetProperty("endpoints").EnumerateArray()
                .Select(text => Endpoint(text.GetString()!, protocols)).ToImmutableArray();
            string? rack = root.TryGetProperty("rack", out JsonElement value) ? value.GetString() : null;
            return new BrokerRegistration(id, epoch, endpoints, rack);
        });

    private static BrokerEndpoint Endpoint(string text, JsonElement protocols)
    {
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        int colon = text.LastIndexOf(':');
        if (scheme <= 0 || colon <= scheme) throw new FormatException($"'{text}' is not an endpoint");
        string listener = text[..scheme];
        string host = text[(scheme + 3)..colon].Trim('[', ']');
        string protocol = protocols.ValueKind == JsonValueKind.Object && protocols.TryGetProperty(listener, out JsonElement mapped)
            ? mapped.GetString()!
            : listener;
        return new BrokerEndpoint(listener, protocol, host, int.Parse(text.AsSpan(colon + 1), CultureInfo.InvariantCulture));
    }
}
