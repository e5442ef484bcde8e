using System.Text.Json;

namespace KBroker.Fuzz.Tests.Schemas;

/// <summary>
/// The layout of a message, read from the schema file by itself: what the generated codec thinks of it plays no part here.
/// </summary>
internal sealed class MessageSchema
{
    private readonly Dictionary<string, JsonElement> _commonJson = [];
    private readonly Dictionary<string, IReadOnlyList<FieldSchema>> _common = [];

    private MessageSchema(JsonElement json)
    {
        Name = json.GetProperty("name").GetString()!;
        Kind = json.GetProperty("type").GetString()!;
        ApiKey = json.TryGetProperty("apiKey", out JsonElement key) && key.ValueKind == JsonValueKind.Number ? key.GetInt16() : (short)-1;
        Valid = VersionSpan.Parse(Text(json, "validVersions"));
        Flexible = VersionSpan.Parse(Text(json, "flexibleVersions"));
        if (json.TryGetProperty("commonStructs", out JsonElement commons))
            foreach (JsonElement common in commons.EnumerateArray())
                _commonJson[Text(common, "name")!] = common.GetProperty("fields");
        Fields = ParseFields(json.GetProperty("fields"));
    }

    public string Name { get; }

    public string Kind { get; }

    public short ApiKey { get; }

    public VersionSpan Valid { get; }

    public VersionSpan Flexible { get; }

    public IReadOnlyList<FieldSchema> Fields { get; }

    public static MessageSchema Parse(Stream json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return new MessageSchema(document.RootElement);
    }

    private List<FieldSchema> ParseFields(JsonElement fields)
    {
        var parsed = new List<FieldSchema>();
        foreach (JsonElement json in fields.EnumerateArray())
        {
            string type = Text(json, "type")!;
            bool isArray = type.StartsWith("[]", StringComparison.Ordinal);
            if (isArray) type = type[2..];
            var field = new FieldSchema(
                Text(json, "name")!, type, isArray, VersionSpan.Parse(Text(json, "versions")), VersionSpan.Parse(Text(json, "nullableVersions")),
                VersionSpan.Parse(Text(json, "taggedVersions")),
                json.TryGetProperty("flexibleVersions", out JsonElement flexible) ? VersionSpan.Parse(flexible.GetString()) : null,
                Text(json, "entityType"));
            if (json.TryGetProperty("fields", out JsonElement inner)) field.Fields = ParseFields(inner);
            else if (char.IsUpper(type[0])) field.Fields = Common(type);
            parsed.Add(field);
        }

        return parsed;
    }

    /// <summary>A shared structure; it may use others that the file declares later.</summary>
    private IReadOnlyList<FieldSchema> Common(string type) =>
        _common.TryGetValue(type, out IReadOnlyList<FieldSchema>? fields) ? fields : _common[type] = ParseFields(_commonJson[type]);

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
