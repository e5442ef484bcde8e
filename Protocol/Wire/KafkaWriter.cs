using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace KBroker.Protocol.Wire;

/// <summary>
/// Writes Kafka's primitive types into a contiguous span, or only counts the bytes: a message is written by the same code
/// that measured it, so its size is exact.
/// </summary>
/// <remarks>
/// <c>flexible</c> chooses the compact encodings of KIP-482. Methods throw <see cref="MessageEncodingException"/> for values
/// that cannot be written, and <see cref="ArgumentException"/> when the span is too short.
/// </remarks>
public ref partial struct KafkaWriter
{
    private readonly Span<byte> _span;
    private readonly List<RecordsSplice>? _splices;
    private readonly bool _measuring;
    private int _position;

    /// <summary>Writes into a span; records that come from a source are noted in <paramref name="splices"/>.</summary>
    public KafkaWriter(Span<byte> destination, List<RecordsSplice>? splices = null)
    {
        _span = destination;
        _splices = splices;
    }

    private KafkaWriter(bool measuring) => _measuring = measuring;

    /// <summary>The bytes written, or counted, so far.</summary>
    public readonly int Position => _position;

    /// <summary>The bytes that come from sources and are not in the span.</summary>
    public long SplicedBytes { get; private set; }

    /// <summary>A writer that counts only.</summary>
    public static KafkaWriter Measure() => new(measuring: true);

    /// <summary>Refuses a version that a message does not have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The version is out of range.</exception>
    public static void CheckVersion(short version, short lowest, short highest) =>
        KafkaReader.CheckVersion(version, lowest, highest);

    /// <summary>The error for a field with a value in a version that does not have the field.</summary>
    public static MessageEncodingException NotInVersion(string field, short version) =>
        new($"{field} has a value, but version {version} does not have the field");

    /// <summary>Writes a boolean: one byte, 0 or 1.</summary>
    public void WriteBool(bool value) => WriteInt8(value ? (sbyte)1 : (sbyte)0);

    /// <summary>Writes one byte, signed.</summary>
    public void WriteInt8(sbyte value)
    {
        if (!_measuring) _span[_position] = (byte)value;
        _position++;
    }

    /// <summary>Writes a 16-bit integer.</summary>
    public void WriteInt16(short value)
    {
        if (!_measuring) BinaryPrimitives.WriteInt16BigEndian(_span[_position..], value);
        _position += 2;
    }

    /// <summary>Writes an unsigned 16-bit integer.</summary>
    public void WriteUInt16(ushort value) => WriteInt16((short)value);

    /// <summary>Writes a 32-bit integer.</summary>
    public void WriteInt32(int value)
    {
        if (!_measuring) BinaryPrimitives.WriteInt32BigEndian(_span[_position..], value);
        _position += 4;
    }

    /// <summary>Writes an unsigned 32-bit integer.</summary>
    public void WriteUInt32(uint value) => WriteInt32((int)value);

    /// <summary>Writes a 64-bit integer.</summary>
    public void WriteInt64(long value)
    {
        if (!_measuring) BinaryPrimitives.WriteInt64BigEndian(_span[_position..], value);
        _position += 8;
    }

    /// <summary>Writes a 64-bit floating-point number.</summary>
    public void WriteFloat64(double value) => WriteInt64(BitConverter.DoubleToInt64Bits(value));

    /// <summary>Writes a UUID: 16 bytes, most significant first.</summary>
    public void WriteUuid(Guid value)
    {
        if (!_measuring) value.TryWriteBytes(_span.Slice(_position, 16), bigEndian: true, out _);
        _position += 16;
    }

    /// <summary>Writes an unsigned varint.</summary>
    public void WriteUnsignedVarInt(uint value)
    {
        if (_measuring) _position += VarInt.SizeOfUnsigned(value);
        else if (value < 0x80) _span[_position++] = (byte)value;
        else _position += VarInt.WriteUnsigned(_span[_position..], value);
    }

    /// <summary>Writes bytes as they are.</summary>
    public void WriteSpan(ReadOnlySpan<byte> bytes)
    {
        if (!_measuring) bytes.CopyTo(_span[_position..]);
        _position = checked(_position + bytes.Length);
    }

    /// <summary>Writes a string; at most 32,767 bytes of UTF-8.</summary>
    public void WriteString(string? value, bool flexible, [CallerArgumentExpression(nameof(value))] string field = "") =>
        WriteNullableString(value ?? throw NullValue(field), flexible);

    /// <summary>Writes a string or null; at most 32,767 bytes of UTF-8.</summary>
    public void WriteNullableString(string? value, bool flexible)
    {
        int length = value is null ? -1 : Encoding.UTF8.GetByteCount(value);
        if (length > short.MaxValue) throw new MessageEncodingException($"a string of {length} bytes is longer than 32767");
        if (flexible) WriteUnsignedVarInt((uint)(length + 1)); else WriteInt16((short)length);
        if (length <= 0) return;
        if (!_measuring) Encoding.UTF8.GetBytes(value, _span[_position..]);
        _position += length;
    }

    /// <summary>Writes a byte array.</summary>
    public void WriteBytes(byte[]? value, bool flexible, [CallerArgumentExpression(nameof(value))] string field = "") =>
        WriteNullableBytes(value ?? throw NullValue(field), flexible);

    /// <summary>Writes a byte array or null.</summary>
    public void WriteNullableBytes(byte[]? value, bool flexible)
    {
        WriteCount(value?.Length ?? -1, flexible);
        if (value is not null) WriteSpan(value);
    }

    /// <summary>Writes record batches.</summary>
    public void WriteRecords(RecordsData value, bool flexible, [CallerArgumentExpression(nameof(value))] string field = "") =>
        WriteNullableRecords(value.IsNull ? throw NullValue(field) : value, flexible);

    /// <summary>Writes record batches or null. Of a source only the length is written; its place is noted.</summary>
    public void WriteNullableRecords(RecordsData value, bool flexible)
    {
        WriteCount(value.IsNull ? -1 : value.Length, flexible);
        if (value.Source is not { } source)
        {
            WriteSpan(value.Memory.Span);
            return;
        }

        SplicedBytes += source.Length;
        if (_measuring) return;
        if (_splices is null) throw new MessageEncodingException("records come from a source, but there is no list of splices");
        _splices.Add(new RecordsSplice(_position, source));
    }

    /// <summary>Writes the number of elements of an array or the length of bytes; -1 stands for null.</summary>
    public void WriteCount(int count, bool flexible)
    {
        if (flexible) WriteUnsignedVarInt((uint)(count + 1)); else WriteInt32(count);
    }

    private static MessageEncodingException NullValue(string field) => new($"{field} is null, but this version does not allow it");
}
