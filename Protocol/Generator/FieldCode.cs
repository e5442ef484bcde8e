using System.Globalization;

namespace KBroker.Protocol.Generator;

/// <summary>C# for one field: its type, its default, and the calls that read and write it.</summary>
internal static class FieldCode
{
    private const string ErrorCodeType = "global::KBroker.Protocol.ErrorCode";

    public static string ElementType(FieldSpec field) => field.Type switch
    {
        "bool" => "bool",
        "int8" => "sbyte",
        "int16" => field.IsErrorCode ? ErrorCodeType : "short",
        "uint16" => "ushort",
        "int32" => "int",
        "uint32" => "uint",
        "int64" => "long",
        "float64" => "double",
        "uuid" => "global::System.Guid",
        "string" => "string",
        "bytes" => "byte[]",
        "records" => "global::KBroker.Protocol.Wire.RecordsData",
        _ => field.Struct is null ? throw new FormatException($"unknown type {field.Type}") : field.Struct.TypeName,
    };

    public static string PropertyType(FieldSpec field)
    {
        string type = ElementType(field) + (field.IsArray ? "[]" : "");
        return (field.IsNullable || field.DefaultsToNull || field.IsNullForDefault) && field.Type != "records" ? type + "?" : type;
    }

    /// <summary>The initializer of the property with its equals sign, or nothing where the CLR's own zero is the default.</summary>
    public static string Initializer(FieldSpec field)
    {
        string value = DefaultValue(field);
        return value is "null" or "0" or "false" or "default" ? "" : $" = {value};";
    }

    /// <summary>A condition that holds when the property differs from its default.</summary>
    public static string IsNotDefault(FieldSpec field)
    {
        if (field.Type == "records") return $"!{field.Name}.IsNull";
        if (field.DefaultsToNull) return $"{field.Name} is not null";
        if (field.IsNullForDefault) return $"{field.Name}?.IsDefault() == false";
        if (field.IsArray || field.Type == "bytes") return $"{field.Name} is not {{ Length: 0 }}";
        if (field.Struct is not null) return field.IsNullable ? $"{field.Name} is null || !{field.Name}.IsDefault()" : $"!{field.Name}.IsDefault()";
        if (field.Type == "bool") return field.Default == "true" ? $"!{field.Name}" : field.Name;
        return field.IsErrorCode ? $"(short){field.Name} != {Number(field)}" : $"{field.Name} != {DefaultValue(field)}";
    }

    /// <summary>The expression that reads the field from <c>r</c>.</summary>
    public static string Read(FieldSpec field, string nullable, string flexible)
    {
        if (field.IsSingleStruct)
        {
            string read = $"{field.Struct!.TypeName}.Read(ref r, v)";
            return nullable == "false" ? read : Choose(nullable, $"(r.ReadPresence() ? {read} : null)", read);
        }

        if (field.IsFixedSize) return (field.IsErrorCode ? $"({ErrorCodeType})" : "") + $"r.Read{Suffix(field)}()";
        string arguments = field.IsStructArray ? $"<{field.Struct!.TypeName}>(v, {flexible})" : $"({flexible})";
        return Choose(nullable, $"r.ReadNullable{Suffix(field)}{arguments}", $"r.Read{Suffix(field)}{arguments}");
    }

    /// <summary>The statement that writes the field to <paramref name="writer"/>.</summary>
    public static string Write(FieldSpec field, string nullable, string flexible, string writer = "w")
    {
        if (field.IsSingleStruct)
        {
            string name = field.Struct!.TypeName;
            if (nullable == "false") return $"{writer}.WriteStruct({field.Name}, v);";
            string write = $"{writer}.WriteNullableStruct({field.Name}, v);";
            return nullable == "true" ? write : $"if ({nullable}) {write} else {writer}.WriteStruct({field.Name}, v);";
        }

        if (field.IsFixedSize) return $"{writer}.Write{Suffix(field)}({(field.IsErrorCode ? "(short)" : "")}{field.Name});";
        string arguments = field.IsStructArray ? $"({field.Name}, v, {flexible});" : $"({field.Name}, {flexible});";
        string plain = $"{writer}.Write{Suffix(field)}{arguments}";
        string optional = $"{writer}.WriteNullable{Suffix(field)}{arguments}";
        return nullable switch { "true" => optional, "false" => plain, _ => $"if ({nullable}) {optional} else {plain}" };
    }

    /// <summary>The fewest bytes that the field takes where it is present and not tagged.</summary>
    public static int MinSize(FieldSpec field, int version, bool flexible) => field.Type switch
    {
        _ when field.IsArray => flexible ? 1 : 4,
        _ when field.Struct is not null => field.Nullable.Contains(version) ? 1 : MinSizes.Of(field.Struct, version, flexible),
        "bool" or "int8" => 1,
        "int16" or "uint16" => 2,
        "int32" or "uint32" => 4,
        "int64" or "float64" => 8,
        "uuid" => 16,
        "string" => flexible ? 1 : 2,
        _ => flexible ? 1 : 4,
    };

    private static string DefaultValue(FieldSpec field)
    {
        if (field.DefaultsToNull || field.IsNullForDefault) return "null";
        if (field.IsArray || field.Type == "bytes") return "[]";
        if (field.Struct is not null) return "new()";
        return field.Type switch
        {
            "string" => "\"" + field.Default.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"",
            "bool" => field.Default == "true" ? "true" : "false",
            "records" or "uuid" => field.Default.Length == 0 ? "default" : throw new FormatException($"default of {field.Name}"),
            "float64" => field.Default.Length == 0 ? "0" : field.Default,
            _ => field.IsErrorCode && Number(field) != "0" ? $"({ErrorCodeType}){Number(field)}" : Number(field),
        };
    }

    private static string Number(FieldSpec field)
    {
        if (field.Default.Length == 0) return "0";
        long value = field.Default.StartsWith("0x", StringComparison.Ordinal)
            ? long.Parse(field.Default.Substring(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : long.Parse(field.Default, CultureInfo.InvariantCulture);
        return value.ToString(CultureInfo.InvariantCulture);
    }

    public static string Choose(string condition, string yes, string no) =>
        condition switch { "true" => yes, "false" => no, _ => $"{condition} ? {yes} : {no}" };

    private static string Suffix(FieldSpec field)
    {
        string name = field.Struct is not null ? "" : char.ToUpperInvariant(field.Type[0]) + field.Type.Substring(1);
        name = name.Replace("Uint", "UInt");
        return field.IsArray ? name + "Array" : name;
    }
}
