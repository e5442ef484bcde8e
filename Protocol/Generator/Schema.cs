namespace KBroker.Protocol.Generator;

/// <summary>A message as its schema file describes it.</summary>
internal sealed class MessageSpec
{
    public string Name { get; set; } = "";

    public string Kind { get; set; } = "";

    /// <summary>The API key of a request or response, the record type of a persisted record, or null.</summary>
    public int? ApiKey { get; set; }

    public VersionRange Valid { get; set; }

    public VersionRange Flexible { get; set; }

    /// <summary>The version that no release has settled yet, or null.</summary>
    public int? Unstable { get; set; }

    /// <summary>Whether the newer release no longer has this message.</summary>
    public bool Removed { get; set; }

    public StructSpec Root { get; set; } = null!;

    /// <summary>Every nested type, in the order of their first use.</summary>
    public List<StructSpec> Nested { get; } = new();

    public bool IsRpc => Kind is "request" or "response";
}

/// <summary>A message or one of its nested types.</summary>
internal sealed class StructSpec
{
    /// <summary>The name in the schema.</summary>
    public string Name { get; set; } = "";

    /// <summary>The name of the C# type.</summary>
    public string TypeName { get; set; } = "";

    /// <summary>The versions in which this type can occur.</summary>
    public VersionRange Versions { get; set; }

    public List<FieldSpec> Fields { get; } = new();

    /// <summary>Whether a field of this type is compared with its default before it is written.</summary>
    public bool NeedsDefaultCheck { get; set; }
}

/// <summary>One field.</summary>
internal sealed class FieldSpec
{
    /// <summary>The name of the C# property.</summary>
    public string Name { get; set; } = "";

    /// <summary>The element type, without <c>[]</c>: a primitive, or the name of a nested type.</summary>
    public string Type { get; set; } = "";

    public bool IsArray { get; set; }

    /// <summary>The nested type, or null for primitives.</summary>
    public StructSpec? Struct { get; set; }

    public VersionRange Versions { get; set; }

    public VersionRange Nullable { get; set; }

    public VersionRange Tagged { get; set; }

    /// <summary>The versions that use compact encodings for this field, where they differ from the message's.</summary>
    public VersionRange? Flexible { get; set; }

    public int Tag { get; set; }

    public bool Ignorable { get; set; }

    /// <summary>The default as the schema writes it; empty for the type's own, <c>null</c> for null.</summary>
    public string Default { get; set; } = "";

    public bool DefaultsToNull => Default == "null";

    public bool IsNullable => !Nullable.IsEmpty;

    public bool IsStructArray => IsArray && Struct is not null;

    public bool IsSingleStruct => !IsArray && Struct is not null;

    public bool IsErrorCode => Type == "int16" && !IsArray && Name.EndsWith("ErrorCode", StringComparison.Ordinal);

    /// <summary>
    /// Whether the property is null to stand for a structure of defaults: a structure that only ever occurs as a tagged field,
    /// so that a message does not carry an object for each field that is not there.
    /// </summary>
    public bool IsNullForDefault => IsSingleStruct && !IsNullable && !DefaultsToNull && !Tagged.IsEmpty && Tagged.Covers(Versions);

    public bool IsFixedSize => !IsArray && Struct is null && Type is not ("string" or "bytes" or "records");
}
