using System.Globalization;
using System.Reflection;
using System.Text.Json;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Messages;

/// <summary>
/// Whether a message holds what the JSON of a golden vector says. Members are lower-camel field names; a member that is
/// missing stands for the field's default. Unknown tagged fields are listed apart, each with the path of its structure.
/// </summary>
public static class JsonAgreement
{
    /// <summary>Differences between a message and the JSON of its vector; empty when they agree.</summary>
    public static List<string> Differences(WireStruct message, JsonElement row)
    {
        var differences = new List<string>();
        var unknown = new List<string>();
        Compare(message, row.GetProperty("json"), "", differences, unknown);
        List<string> expected = row.TryGetProperty("unknown", out JsonElement list) ? [.. list.EnumerateArray().Select(Describe)] : [];
        differences.AddRange(expected.Except(unknown).Select(field => $"unknown field not kept: {field}"));
        differences.AddRange(unknown.Except(expected).Select(field => $"unknown field made up: {field}"));
        return differences;
    }

    private static string Describe(JsonElement field) =>
        string.Concat(field.GetProperty("path").EnumerateArray().Select(step => "/" + step)) +
        $" {field.GetProperty("tag")} {field.GetProperty("hex")}";

    private static void Compare(WireStruct value, JsonElement json, string path, List<string> differences, List<string> unknown)
    {
        foreach (RawTaggedField field in value.UnknownTaggedFields ?? [])
            unknown.Add($"{path} {field.Tag} {Convert.ToHexStringLower(field.Data)}");
        HashSet<string> members = [.. json.EnumerateObject().Select(member => member.Name)];
        object defaults = Activator.CreateInstance(value.GetType())!;
        foreach (PropertyInfo property in PropertiesOf(value))
        {
            string name = char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
            object? actual = property.GetValue(value);
            if (members.Remove(name)) CompareValue(actual, json.GetProperty(name), $"{path}/{name}", differences, unknown);
            else if (!SameAsDefault(actual, property.GetValue(defaults))) differences.Add($"{path}/{name} should have its default");
        }

        differences.AddRange(members.Select(member => $"{path}/{member} has no property"));
    }

    private static void CompareValue(object? actual, JsonElement json, string path, List<string> differences, List<string> unknown)
    {
        if (json.ValueKind == JsonValueKind.Null)
        {
            if (actual is not null and not RecordsData { IsNull: true }) differences.Add($"{path} should be null");
        }
        else if (actual is WireStruct structure)
        {
            Compare(structure, json, path, differences, unknown);
        }
        else if (actual is Array array && actual.GetType() != typeof(byte[]))
        {
            if (array.Length != json.GetArrayLength()) differences.Add($"{path} has {array.Length} elements");
            foreach ((int index, JsonElement item) in json.EnumerateArray().Index().Take(array.Length))
                CompareValue(array.GetValue(index), item, $"{path}/{index}", differences, unknown);
        }
        else if (!Same(actual, json))
        {
            differences.Add($"{path} is {actual}, should be {json}");
        }
    }

    private static bool Same(object? actual, JsonElement json) => actual switch
    {
        bool flag => flag == json.GetBoolean(),
        string text => text == json.GetString(),
        byte[] bytes => bytes.AsSpan().SequenceEqual(json.GetBytesFromBase64()),
        RecordsData records => !records.IsNull && records.Memory.Span.SequenceEqual(json.GetBytesFromBase64()),
        Guid id => Uuid.Format(id) == json.GetString(),
        double number => number.Equals(
            json.ValueKind == JsonValueKind.String ? double.Parse(json.GetString()!, CultureInfo.InvariantCulture) : json.GetDouble()),
        ErrorCode code => (short)code == json.GetInt16(),
        sbyte or short or ushort or int or uint or long => Convert.ToInt64(actual, CultureInfo.InvariantCulture) == json.GetInt64(),
        _ => false,
    };

    private static bool SameAsDefault(object? actual, object? expected) => (actual, expected) switch
    {
        (WireStruct one, WireStruct other) => one.UnknownTaggedFields is null or [] &&
            PropertiesOf(one).All(property => SameAsDefault(property.GetValue(one), property.GetValue(other))),
        (Array { Length: 0 }, Array { Length: 0 }) => true,
        _ => Equals(actual, expected),
    };

    private static PropertyInfo[] PropertiesOf(WireStruct value) =>
        value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly);
}
