using System.Runtime.CompilerServices;

namespace KBroker.Protocol.Wire;

/// <content>Structures, arrays and tagged fields.</content>
public ref partial struct KafkaWriter
{
    /// <summary>Writes a structure.</summary>
    public void WriteStruct(WireStruct? value, short version, [CallerArgumentExpression(nameof(value))] string field = "") =>
        (value ?? throw NullValue(field)).Write(ref this, version);

    /// <summary>Writes a structure or null, with the mark that tells them apart.</summary>
    public void WriteNullableStruct(WireStruct? value, short version)
    {
        WriteInt8(value is null ? (sbyte)-1 : (sbyte)1);
        value?.Write(ref this, version);
    }

    /// <summary>Writes a structure or null as a tagged field, where the mark is a varint.</summary>
    public void WriteTaggedStruct(WireStruct? value, short version)
    {
        WriteUnsignedVarInt(value is null ? 0u : 1u);
        value?.Write(ref this, version);
    }

    /// <summary>Writes an array of structures.</summary>
    public void WriteArray(WireStruct[]? items, short version, bool flexible, [CallerArgumentExpression(nameof(items))] string field = "") =>
        WriteNullableArray(items ?? throw NullValue(field), version, flexible);

    /// <summary>Writes an array of structures or null.</summary>
    public void WriteNullableArray(WireStruct[]? items, short version, bool flexible)
    {
        WriteCount(items?.Length ?? -1, flexible);
        if (items is null) return;
        foreach (WireStruct item in items) item.Write(ref this, version);
    }

    /// <summary>Writes an array of strings.</summary>
    public void WriteStringArray(string[]? items, bool flexible, [CallerArgumentExpression(nameof(items))] string field = "") =>
        WriteNullableStringArray(items ?? throw NullValue(field), flexible);

    /// <summary>Writes an array of strings or null.</summary>
    public void WriteNullableStringArray(string[]? items, bool flexible)
    {
        WriteCount(items?.Length ?? -1, flexible);
        if (items is null) return;
        foreach (string item in items) WriteString(item, flexible);
    }

    /// <summary>Writes an array of bytes, signed.</summary>
    public void WriteInt8Array(sbyte[]? items, bool flexible, [CallerArgumentExpression(nameof(items))] string field = "") =>
        WriteNullableInt8Array(items ?? throw NullValue(field), flexible);

    /// <summary>Writes an array of bytes, signed, or null.</summary>
    public void WriteNullableInt8Array(sbyte[]? items, bool flexible)
    {
        WriteCount(items?.Length ?? -1, flexible);
        if (items is null) return;
        foreach (sbyte item in items) WriteInt8(item);
    }

    /// <summary>Writes an array of 16-bit integers.</summary>
    public void WriteInt16Array(short[]? items, bool flexible, [CallerArgumentExpression(nameof(items))] string field = "") =>
        WriteNullableInt16Array(items ?? throw NullValue(field), flexible);

    /// <summary>Writes an array of 16-bit integers or null.</summary>
    public void WriteNullableInt16Array(short[]? items, bool flexible)
    {
        WriteCount(items?.Length ?? -1, flexible);
        if (items is null) return;
        foreach (short item in items) WriteInt16(item);
    }

    /// <summary>Writes an array of 32-bit integers.</summary>
    public void WriteInt32Array(int[]? items, bool flexible, [CallerArgumentExpression(nameof(items))] string field = "") =>
        WriteNullableInt32Array(items ?? throw NullValue(field), flexible);

    /// <summary>Writes an array of 32-bit integers or null.</summary>
    public void WriteNullableInt32Array(int[]? items, bool flexible)
    {
        WriteCount(items?.Length ?? -1, flexible);
        if (items is null) return;
        foreach (int item in items) WriteInt32(item);
    }

    /// <summary>Writes an array of 64-bit integers.</summary>
    public void WriteInt64Array(long[]? items, bool flexible, [CallerArgumentExpression(nameof(items))] string field = "") =>
        WriteNullableInt64Array(items ?? throw NullValue(field), flexible);

    /// <summary>Writes an array of 64-bit integers or null.</summary>
    public void WriteNullableInt64Array(long[]? items, bool flexible)
    {
        WriteCount(items?.Length ?? -1, flexible);
        if (items is null) return;
        foreach (long item in items) WriteInt64(item);
    }

    /// <summary>Writes an array of UUIDs.</summary>
    public void WriteUuidArray(Guid[]? items, bool flexible, [CallerArgumentExpression(nameof(items))] string field = "") =>
        WriteNullableUuidArray(items ?? throw NullValue(field), flexible);

    /// <summary>Writes an array of UUIDs or null.</summary>
    public void WriteNullableUuidArray(Guid[]? items, bool flexible)
    {
        WriteCount(items?.Length ?? -1, flexible);
        if (items is null) return;
        foreach (Guid item in items) WriteUuid(item);
    }

    /// <summary>Writes a section of which no field is known. A version that is not flexible has none and can carry none.</summary>
    public void WriteTaggedFields(List<RawTaggedField>? unknown, bool flexible)
    {
        int next = WriteTagCount(unknown, 0, flexible);
        if (flexible) WriteUnknownTags(unknown, next, AfterAllTags);
    }

    /// <summary>Begins a section: the count of known and unknown fields. Returns 0, the index of the first unknown field.</summary>
    public int WriteTagCount(List<RawTaggedField>? unknown, int known, bool flexible)
    {
        int count = known + (unknown?.Count ?? 0);
        if (flexible) WriteUnsignedVarInt((uint)count);
        else if (count > 0) throw new MessageEncodingException("tagged fields are set, but this version is not flexible");
        return 0;
    }

    /// <summary>Writes tag and size of a known field, whose value follows.</summary>
    public void WriteTag(int tag, int size)
    {
        WriteUnsignedVarInt((uint)tag);
        WriteUnsignedVarInt((uint)size);
    }

    /// <summary>A bound that comes after every tag, the largest one included.</summary>
    public const long AfterAllTags = long.MaxValue;

    /// <summary>
    /// Writes the unknown fields from index <paramref name="next"/> on whose tags come before <paramref name="tag"/>.
    /// Returns the index of the first that was not written.
    /// </summary>
    public int WriteUnknownTags(List<RawTaggedField>? unknown, int next, long tag)
    {
        if (unknown is null) return next;
        for (; next < unknown.Count; next++)
        {
            RawTaggedField field = unknown[next];
            if (next > 0 && field.Tag <= unknown[next - 1].Tag) throw new MessageEncodingException("unknown tagged fields out of order");
            if (field.Tag == tag) throw new MessageEncodingException($"tag {tag} is not unknown");
            if (field.Tag > tag) break;
            WriteTag(field.Tag, field.Data.Length);
            WriteSpan(field.Data);
        }

        return next;
    }
}
