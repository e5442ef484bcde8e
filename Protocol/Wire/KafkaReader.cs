using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace KBroker.Protocol.Wire;

/// <summary>
/// Reads Kafka's primitive types from a contiguous span. Nothing is trusted: a length or count that does not fit what is left
/// is refused before anything is allocated.
/// </summary>
/// <remarks>
/// <c>flexible</c> chooses the compact encodings of KIP-482. Every method throws <see cref="MalformedMessageException"/>, and
/// nothing else, when the bytes are not what is asked for. Bytes after a message are the caller's to judge: see
/// <see cref="Remaining"/>.
/// </remarks>
public ref partial struct KafkaReader
{
    private readonly ReadOnlySpan<byte> _span;
    private readonly ReadOnlyMemory<byte> _memory;
    private int _position;

    /// <summary>Reads from a span; <c>records</c> fields are copied out of it.</summary>
    public KafkaReader(ReadOnlySpan<byte> source) => _span = source;

    /// <summary>Reads from memory; <c>records</c> fields stay slices of it.</summary>
    public KafkaReader(ReadOnlyMemory<byte> source)
    {
        _memory = source;
        _span = source.Span;
    }

    /// <summary>The bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>The bytes not yet read.</summary>
    public readonly int Remaining => _span.Length - _position;

    /// <summary>Refuses a version that a message does not have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The version is out of range.</exception>
    public static void CheckVersion(short version, short lowest, short highest)
    {
        if (version < lowest || version > highest)
            throw new ArgumentOutOfRangeException(nameof(version), version, $"the message has versions {lowest} to {highest}");
    }

    /// <summary>Reads the next bytes, without copying them.</summary>
    public ReadOnlySpan<byte> ReadSpan(int length)
    {
        if ((uint)length > (uint)Remaining) ThrowCutOff();
        ReadOnlySpan<byte> bytes = _span.Slice(_position, length);
        _position += length;
        return bytes;
    }

    /// <summary>Reads a boolean: one byte, false when 0.</summary>
    public bool ReadBool() => ReadInt8() != 0;

    /// <summary>Reads one byte, signed.</summary>
    public sbyte ReadInt8() => (sbyte)Take(1);

    /// <summary>Reads a 16-bit integer.</summary>
    public short ReadInt16() => BigEndian(Unsafe.ReadUnaligned<short>(ref Take(sizeof(short))));

    /// <summary>Reads an unsigned 16-bit integer.</summary>
    public ushort ReadUInt16() => (ushort)ReadInt16();

    /// <summary>Reads a 32-bit integer.</summary>
    public int ReadInt32() => BigEndian(Unsafe.ReadUnaligned<int>(ref Take(sizeof(int))));

    /// <summary>Reads an unsigned 32-bit integer.</summary>
    public uint ReadUInt32() => (uint)ReadInt32();

    /// <summary>Reads a 64-bit integer.</summary>
    public long ReadInt64() => BigEndian(Unsafe.ReadUnaligned<long>(ref Take(sizeof(long))));

    /// <summary>Reads a 64-bit floating-point number.</summary>
    public double ReadFloat64() => BitConverter.Int64BitsToDouble(ReadInt64());

    /// <summary>Reads a UUID: 16 bytes, most significant first.</summary>
    public Guid ReadUuid() => new(ReadSpan(16), bigEndian: true);

    /// <summary>Reads an unsigned varint of at most five bytes.</summary>
    public uint ReadUnsignedVarInt()
    {
        if (_position < _span.Length && _span[_position] < 0x80) return _span[_position++];
        int read = VarInt.ReadUnsigned(_span[_position..], out uint value);
        if (read == 0) throw new MalformedMessageException("cut-off or overlong varint");
        _position += read;
        return value;
    }

    /// <summary>
    /// Reads a string; bytes that are not UTF-8 become U+FFFD, as in Kafka. A string that thereby outgrows what a string may be
    /// is malformed: no answer could carry it back.
    /// </summary>
    public string ReadString(bool flexible) => ReadNullableString(flexible) ?? throw NullValue();

    /// <summary>Reads a string or null.</summary>
    public string? ReadNullableString(bool flexible) =>
        TryReadUtf8(flexible, out ReadOnlySpan<byte> utf8) ? Decode(utf8) : null;

    private static string Decode(ReadOnlySpan<byte> utf8)
    {
        string text = Encoding.UTF8.GetString(utf8);
        // Each stray byte becomes three; shorter strings cannot outgrow the limit.
        return utf8.Length <= short.MaxValue / 3 || Encoding.UTF8.GetByteCount(text) <= short.MaxValue
            ? text : throw new MalformedMessageException($"a string of {utf8.Length} bytes is no UTF-8");
    }

    /// <summary>Reads a string as its bytes; false for null.</summary>
    public bool TryReadUtf8(bool flexible, out ReadOnlySpan<byte> utf8)
    {
        int length = flexible ? ReadCompactLength() : ReadInt16();
        if (length is < -1 or > short.MaxValue) throw new MalformedMessageException("string length out of range");
        utf8 = length < 0 ? default : ReadSpan(length);
        return length >= 0;
    }

    /// <summary>Reads a byte array.</summary>
    public byte[] ReadBytes(bool flexible) => ReadNullableBytes(flexible) ?? throw NullValue();

    /// <summary>Reads a byte array or null.</summary>
    public byte[]? ReadNullableBytes(bool flexible)
    {
        int length = ReadLength(flexible);
        return length < 0 ? null : length == 0 ? [] : ReadSpan(length).ToArray();
    }

    /// <summary>Reads record batches.</summary>
    public RecordsData ReadRecords(bool flexible)
    {
        RecordsData records = ReadNullableRecords(flexible);
        return records.IsNull ? throw NullValue() : records;
    }

    /// <summary>Reads record batches or null.</summary>
    public RecordsData ReadNullableRecords(bool flexible)
    {
        int length = ReadLength(flexible);
        if (length < 0) return RecordsData.Null;
        int start = _position;
        ReadOnlySpan<byte> bytes = ReadSpan(length);
        return new RecordsData(_memory.IsEmpty ? bytes.ToArray() : _memory.Slice(start, length));
    }

    /// <summary>Reads the mark before a nullable structure; false for null.</summary>
    public bool ReadPresence() => ReadInt8() >= 0;

    /// <summary>
    /// Reads the length of bytes or records, or -1 for null; it fits what is left.
    /// </summary>
    public int ReadLength(bool flexible)
    {
        int length = flexible ? ReadCompactLength() : ReadInt32();
        if (length < -1 || length > Remaining) throw new MalformedMessageException("length exceeds the message");
        return length;
    }

    /// <summary>
    /// Reads the number of elements of an array, or -1 for null; that many elements of
    /// <paramref name="smallestElement"/> bytes fit what is left.
    /// </summary>
    public int ReadCount(bool flexible, int smallestElement)
    {
        int count = flexible ? ReadCompactLength() : ReadInt32();
        if (count < -1 || (long)count * smallestElement > Remaining)
            throw new MalformedMessageException("array count exceeds the message");
        return count;
    }

    /// <summary>Passes over bytes that are there, and only over those, and refers to the first of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref byte Take(int length)
    {
        int position = _position;
        if ((uint)length > (uint)(_span.Length - position)) ThrowCutOff();
        _position = position + length;
        return ref Unsafe.Add(ref MemoryMarshal.GetReference(_span), position);
    }

    private static short BigEndian(short value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private static int BigEndian(int value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private static long BigEndian(long value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private int ReadCompactLength()
    {
        uint raw = ReadUnsignedVarInt();
        return raw <= int.MaxValue ? (int)raw - 1 : throw new MalformedMessageException("length out of range");
    }

    [DoesNotReturn]
    private static void ThrowCutOff() => throw new MalformedMessageException("the message ends early");

    private static MalformedMessageException NullValue() => new("null in a field that is not nullable");
}
