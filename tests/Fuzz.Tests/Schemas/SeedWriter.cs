using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using KBroker.Protocol;

namespace KBroker.Fuzz.Tests.Schemas;

/// <summary>Writes valid request frames with drawn values, for APIs and versions that no recorded client sends.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A memory stream holds nothing to release.")]
internal sealed class SeedWriter(Random random, SeedValues values)
{
    private readonly MemoryStream _out = new();

    /// <summary>A frame without its length.</summary>
    public byte[] Write(MessageSchema schema, short version)
    {
        _out.SetLength(0);
        ApiKeyInfo api = ApiKeys.Find(schema.ApiKey)!;
        WriteInt(schema.ApiKey, 2);
        WriteInt(version, 2);
        WriteInt(0, 4);
        short headerVersion = api.RequestHeaderVersion(version);
        if (headerVersion >= 1) WriteText(Encoding.UTF8.GetBytes("fuzz"), compact: false, 2);
        if (headerVersion >= 2) _out.WriteByte(0);
        WriteFields(schema.Fields, version, schema.Flexible.Contains(version));
        return _out.ToArray();
    }

    private void WriteFields(IReadOnlyList<FieldSchema> fields, short version, bool flexible)
    {
        foreach (FieldSchema field in fields)
        {
            if (!field.Versions.Contains(version) || field.Tagged.Contains(version)) continue;
            bool compact = field.Flexible is { } own ? own.Contains(version) : flexible;
            bool isNull = field.Nullable.Contains(version) && random.Next(8) == 0;
            if (field.IsArray) WriteArray(field, version, compact, flexible, isNull);
            else if (field.IsStruct && field.Nullable.Contains(version)) WriteNullable(field, version, compact, flexible, isNull);
            else WriteElement(field, version, compact, flexible, isNull);
        }

        if (flexible) _out.WriteByte(0);
    }

    private void WriteArray(FieldSchema field, short version, bool compact, bool flexible, bool isNull)
    {
        int count = isNull ? -1 : random.Next(6) switch { 0 => 0, 5 => 3, var n => 1 + (n / 4) };
        WriteLength(count, compact, 4);
        for (int i = 0; i < count; i++) WriteElement(field, version, compact, flexible, isNull: false);
    }

    private void WriteNullable(FieldSchema field, short version, bool compact, bool flexible, bool isNull)
    {
        _out.WriteByte(isNull ? (byte)0xFF : (byte)1);
        if (!isNull) WriteElement(field, version, compact, flexible, isNull: false);
    }

    private void WriteElement(FieldSchema field, short version, bool compact, bool flexible, bool isNull)
    {
        if (field.IsStruct)
        {
            WriteFields(field.Fields!, version, flexible);
            return;
        }

        switch (field.Type)
        {
            case "string": WriteText(isNull ? null : Encoding.UTF8.GetBytes(values.Text(field, random)), compact, 2); break;
            case "bytes": WriteText(isNull ? null : SeedValues.Bytes(random), compact, 4); break;
            case "records": WriteText(isNull ? null : values.Records(random), compact, 4); break;
            case "uuid": _out.Write(values.Uuid(random).ToByteArray(bigEndian: true)); break;
            case "bool": _out.WriteByte((byte)random.Next(2)); break;
            case "int8": WriteInt(SeedValues.Number(field, random), 1); break;
            case "int16" or "uint16": WriteInt(SeedValues.Number(field, random), 2); break;
            case "int32" or "uint32": WriteInt(SeedValues.Number(field, random), 4); break;
            case "int64": WriteInt(SeedValues.Number(field, random), 8); break;
            case "float64": WriteInt(BitConverter.DoubleToInt64Bits(random.NextDouble() * 1000), 8); break;
            default: throw new InvalidOperationException($"type {field.Type}");
        }
    }

    private void WriteText(byte[]? bytes, bool compact, int width)
    {
        WriteLength(bytes?.Length ?? -1, compact, width);
        if (bytes is not null) _out.Write(bytes);
    }

    private void WriteLength(int length, bool compact, int width)
    {
        if (!compact)
        {
            WriteInt(length, width);
            return;
        }

        uint value = (uint)(length + 1);
        for (; value >= 0x80; value >>= 7) _out.WriteByte((byte)(value | 0x80));
        _out.WriteByte((byte)value);
    }

    private void WriteInt(long value, int width)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        _out.Write(bytes[(8 - width)..]);
    }
}
