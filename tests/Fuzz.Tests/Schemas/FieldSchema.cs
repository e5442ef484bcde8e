namespace KBroker.Fuzz.Tests.Schemas;

/// <summary>A field as its schema declares it; <see cref="Fields"/> is filled for structures.</summary>
internal sealed record FieldSchema(
    string Name, string Type, bool IsArray, VersionSpan Versions, VersionSpan Nullable, VersionSpan Tagged, VersionSpan? Flexible, string? EntityType)
{
    public IReadOnlyList<FieldSchema>? Fields { get; set; }

    public bool IsStruct => Fields is not null;
}
