using System.Buffers.Binary;
using System.Text;

namespace KBroker.Controller.Coordination.Journal;

/// <summary>Reads the payload of a frame; anything that does not fit throws <see cref="FormatException"/>.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool AtEnd => _rest.IsEmpty;

    public byte Byte() => Take(1)[0];

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    /// <summary>A count of things that each take at least some bytes.</summary>
    public int Count(int smallestSize)
    {
        int count = Int32();
        return count >= 0 && (long)count * smallestSize <= _rest.Length ? count : throw new FormatException("count too large");
    }

    public byte[] Bytes() => Take(Count(1)).ToArray();

    public string Text()
    {
        try
        {
            return Utf8.GetString(Take(Count(1)));
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("text is not UTF-8", e);
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length) throw new FormatException("entry too short");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
