using System.Globalization;

namespace KBroker.Protocol.Generator;

/// <summary>Turns a parsed schema file into a <see cref="MessageSpec"/>: names, version ranges and nested types resolved.</summary>
internal sealed class SchemaParser
{
    private readonly MessageSpec _message = new();
    private readonly Dictionary<string, Dictionary<string, object?>> _common = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StructSpec> _structs = new(StringComparer.Ordinal);

    public static MessageSpec Parse(string text)
    {
        var json = JsonReader.Parse(text) as Dictionary<string, object?> ?? throw new FormatException("not a JSON object");
        return new SchemaParser().ParseMessage(json);
    }

    private MessageSpec ParseMessage(Dictionary<string, object?> json)
    {
        _message.Name = Text(json, "name");
        _message.Kind = Text(json, "type");
        _message.ApiKey = json.TryGetValue("apiKey", out object? key) && key is double number ? (int)number : null;
        _message.Valid = VersionRange.Parse(Text(json, "validVersions"));
        _message.Flexible = VersionRange.Parse(Text(json, "flexibleVersions"));
        _message.Removed = json.ContainsKey("removedIn");
        _message.Unstable = json.TryGetValue("unstableVersion", out object? unstable) ? Convert.ToInt32(unstable, CultureInfo.InvariantCulture) : null;
        foreach (Dictionary<string, object?> common in Objects(json, "commonStructs")) _common.Add(Text(common, "name"), common);

        _message.Root = new StructSpec { Name = _message.Name, TypeName = _message.Name, Versions = _message.Valid };
        ParseFields(json, _message.Root);
        NameTypes();
        foreach (StructSpec type in AllStructs())
            foreach (FieldSpec field in type.Fields)
                if (field.IsSingleStruct && NeedsDefaultCheck(field, type)) MarkDefaultCheck(field.Struct!);
        return _message;
    }

    private void ParseFields(Dictionary<string, object?> json, StructSpec owner)
    {
        foreach (Dictionary<string, object?> item in Objects(json, "fields"))
        {
            string type = Text(item, "type");
            bool isArray = type.StartsWith("[]", StringComparison.Ordinal);
            string name = Text(item, "name");
            var field = new FieldSpec
            {
                Name = char.ToUpperInvariant(name[0]) + name.Substring(1),
                Type = isArray ? type.Substring(2) : type,
                IsArray = isArray,
                Versions = Range(item, "versions"),
                Nullable = Range(item, "nullableVersions"),
                Tagged = Range(item, "taggedVersions"),
                Flexible = item.ContainsKey("flexibleVersions") ? Range(item, "flexibleVersions") : null,
                Tag = item.TryGetValue("tag", out object? tag) ? Convert.ToInt32(tag, CultureInfo.InvariantCulture) : -1,
                Ignorable = item.TryGetValue("ignorable", out object? ignorable) && ignorable is true,
                // A default of JSON null means, as in Kafka, the type's own default; only the word "null" means null.
                Default = item.TryGetValue("default", out object? value) && value is not null ? DefaultText(value) : "",
            };
            if (char.IsUpper(field.Type[0])) field.Struct = ResolveStruct(field, item, owner);
            owner.Fields.Add(field);
        }
    }

    private StructSpec ResolveStruct(FieldSpec field, Dictionary<string, object?> item, StructSpec owner)
    {
        VersionRange versions = owner.Versions.Intersect(field.Versions);
        bool isCommon = _common.TryGetValue(field.Type, out Dictionary<string, object?>? common);
        if (_structs.TryGetValue(field.Type, out StructSpec? known))
        {
            if (!isCommon) throw new FormatException($"type {field.Type} is declared twice");
            return known;
        }

        // A shared type may be reached through fields of different versions, so it is laid out for all of them.
        var type = new StructSpec
        {
            Name = field.Type,
            TypeName = field.Type,
            Versions = isCommon ? _message.Valid.Intersect(Range(common!, "versions")) : versions,
        };
        _structs.Add(type.Name, type);
        _message.Nested.Add(type);
        ParseFields(isCommon ? common! : item, type);
        return type;
    }

    /// <summary>A nested type takes its schema name, unless a property of the message or of itself has that name.</summary>
    private void NameTypes()
    {
        foreach (StructSpec type in _message.Nested)
            if (_message.Root.Fields.Concat(type.Fields).Any(field => field.Name == type.Name)) type.TypeName = type.Name + "Data";
    }

    private static bool NeedsDefaultCheck(FieldSpec field, StructSpec owner) =>
        !field.DefaultsToNull && (!field.Tagged.IsEmpty || (!field.Ignorable && !field.Versions.Covers(owner.Versions)));

    private static void MarkDefaultCheck(StructSpec type)
    {
        type.NeedsDefaultCheck = true;
        foreach (FieldSpec field in type.Fields)
            if (field.IsSingleStruct && !field.DefaultsToNull) MarkDefaultCheck(field.Struct!);
    }

    private IEnumerable<StructSpec> AllStructs() => new[] { _message.Root }.Concat(_message.Nested);

    private static string DefaultText(object value) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        _ => Convert.ToInt64(value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
    };

    private static string Text(Dictionary<string, object?> json, string name) =>
        json.TryGetValue(name, out object? value) && value is string text ? text : throw new FormatException($"'{name}' is missing");

    private static VersionRange Range(Dictionary<string, object?> json, string name) =>
        json.TryGetValue(name, out object? value) && value is string text ? VersionRange.Parse(text) : VersionRange.None;

    private static IEnumerable<Dictionary<string, object?>> Objects(Dictionary<string, object?> json, string name) =>
        json.TryGetValue(name, out object? value) && value is List<object?> list ? list.Cast<Dictionary<string, object?>>() : [];
}
