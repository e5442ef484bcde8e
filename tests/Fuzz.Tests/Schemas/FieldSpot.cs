namespace KBroker.Fuzz.Tests.Schemas;

/// <summary>What stands at a place of a frame.</summary>
internal enum SpotKind
{
    /// <summary>A number, a flag or a uuid.</summary>
    Value,

    /// <summary>The length of a string, of bytes or of records, or the count of an array.</summary>
    Length,

    /// <summary>The characters of a string.</summary>
    Text,

    /// <summary>Record batches.</summary>
    Records,

    /// <summary>The number of tagged fields, a tag or its size.</summary>
    Tag,
}

/// <summary>A field's place in a frame.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Offset">Where it starts.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="IsVarInt">Whether it is an unsigned varint rather than of fixed width.</param>
/// <param name="LengthSpot">For texts and records: the index of the spot that holds their length; otherwise -1.</param>
internal readonly record struct FieldSpot(SpotKind Kind, int Offset, int Size, bool IsVarInt, int LengthSpot = -1);

/// <summary>The places of a frame's fields, and whether the frame ended just where its fields did.</summary>
internal sealed record FieldMap(IReadOnlyList<FieldSpot> Spots, bool IsExact);
