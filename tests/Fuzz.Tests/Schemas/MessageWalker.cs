using System.Buffers.Binary;

namespace KBroker.Fuzz.Tests.Schemas;

/// <summary>Follows a message by its schema and notes where each field lies. Bytes that do not fit stop it; it never throws.</summary>
internal sealed class MessageWalker(ReadOnlyMemory<byte> frame)
{
    private const int MaxSpots = 20_000;

    private readonly List<FieldSpot> _spots = [];
    private int _position;
    private bool _failed;

    public short PeekInt16(int offset) => BinaryPrimitives.ReadInt16BigEndian(frame.Span[offset..]);

    public void TryRead(MessageSchema schema, short version)
    {
        if (!_failed) ReadFields(schema.Fields, version, schema.Flexible.Contains(version));
    }

    public FieldMap Finish() => new(_spots, !_failed && _position == frame.Length);

    private void ReadFields(IReadOnlyList<FieldSchema> fields, short version, bool flexible)
    {
        foreach (FieldSchema field in fields)
        {
            if (_failed) return;
            if (!field.Versions.Contains(version) || field.Tagged.Contains(version)) continue;
            ReadField(field, version, field.Flexible is { } own ? own.Contains(version) : flexible, flexible);
        }

        if (flexible) ReadTags();
    }

    private void ReadField(FieldSchema field, short version, bool compact, bool flexible)
    {
        if (field.IsArray)
        {
            int count = ReadLength(compact, 4);
            for (int i = 0; i < count && !_failed; i++) ReadElement(field, version, compact, flexible);
        }
        else if (field.IsStruct && field.Nullable.Contains(version))
        {
            int at = _position;
            Take(SpotKind.Value, 1);
            if (!_failed && (sbyte)frame.Span[at] >= 0) ReadElement(field, version, compact, flexible);
        }
        else
        {
            ReadElement(field, version, compact, flexible);
        }
    }

    private void ReadElement(FieldSchema field, short version, bool compact, bool flexible)
    {
        if (field.IsStruct)
        {
            ReadFields(field.Fields!, version, flexible);
            return;
        }

        switch (field.Type)
        {
            case "string": ReadText(SpotKind.Text, compact, 2); break;
            case "bytes": ReadText(SpotKind.Text, compact, 4); break;
            case "records": ReadText(SpotKind.Records, compact, 4); break;
            default: Take(SpotKind.Value, WidthOf(field.Type)); break;
        }
    }

    private static int WidthOf(string type) => type switch
    {
        "bool" or "int8" => 1,
        "int16" or "uint16" => 2,
        "int32" or "uint32" => 4,
        "int64" or "float64" => 8,
        "uuid" => 16,
        _ => throw new InvalidOperationException($"type {type}"),
    };

    private void ReadText(SpotKind kind, bool compact, int width)
    {
        int length = ReadLength(compact, width);
        int lengthSpot = _spots.Count - 1;
        if (length > 0) Take(kind, length, lengthSpot);
    }

    private void ReadTags()
    {
        long count = ReadVarInt(SpotKind.Tag);
        for (long i = 0; i < count && !_failed; i++)
        {
            ReadVarInt(SpotKind.Tag);
            long size = ReadVarInt(SpotKind.Tag);
            if (size > 0) Take(SpotKind.Text, size > int.MaxValue ? int.MaxValue : (int)size, _spots.Count - 1);
        }
    }

    private int ReadLength(bool compact, int width)
    {
        if (compact)
        {
            long value = ReadVarInt(SpotKind.Length) - 1;
            if (value > frame.Length) _failed = true;
            return _failed ? 0 : (int)value;
        }

        int at = _position;
        Take(SpotKind.Length, width);
        if (_failed) return 0;
        return width == 2 ? PeekInt16(at) : BinaryPrimitives.ReadInt32BigEndian(frame.Span[at..]);
    }

    private long ReadVarInt(SpotKind kind)
    {
        ReadOnlySpan<byte> bytes = frame.Span;
        long value = 0;
        int start = _position;
        for (int shift = 0; shift < 35 && _position < bytes.Length; shift += 7)
        {
            byte next = bytes[_position++];
            value |= (long)(next & 0x7F) << shift;
            if (next >= 0x80) continue;
            Note(new FieldSpot(kind, start, _position - start, IsVarInt: true));
            return value;
        }

        _failed = true;
        return 0;
    }

    private void Take(SpotKind kind, int size, int lengthSpot = -1)
    {
        if (size > frame.Length - _position)
        {
            _failed = true;
            return;
        }

        Note(new FieldSpot(kind, _position, size, IsVarInt: false, lengthSpot));
        _position += size;
    }

    private void Note(FieldSpot spot)
    {
        if (_spots.Count == MaxSpots) _failed = true;
        else _spots.Add(spot);
    }
}
