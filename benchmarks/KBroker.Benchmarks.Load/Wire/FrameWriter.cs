using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace KBroker.Benchmarks.Load.Wire;

/// <summary>
/// Writes request frames by hand, so that the load does not change when the codec does.
/// </summary>
internal sealed class FrameWriter
{
    private const string ClientId = "load";
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Starts bytes that go into a frame, with no header.</summary>
    public FrameWriter()
    {
    }

    /// <summary>Starts a frame with request header v1; correlation id 0.</summary>
    public FrameWriter(short apiKey, short version) => Int32(0).Int16(apiKey).Int16(version).Int32(0).String(ClientId);

    /// <summary>Starts a frame of a flexible version, with request header v2.</summary>
    public static FrameWriter Flexible(short apiKey, short version) => new FrameWriter(apiKey, version).NoTags();

    public FrameWriter Int8(sbyte value) => Raw([(byte)value]);

    public FrameWriter Int16(short value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        return Raw(bytes);
    }

    public FrameWriter Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return Raw(bytes);
    }

    public FrameWriter Int64(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return Raw(bytes);
    }

    public FrameWriter String(string? value)
    {
        if (value is null) return Int16(-1);
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        return Int16((short)bytes.Length).Raw(bytes);
    }

    /// <summary>A string of a flexible version.</summary>
    public FrameWriter CompactString(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        return CompactCount(bytes.Length).Raw(bytes);
    }

    /// <summary>A string or an array of a flexible version that is null.</summary>
    public FrameWriter NoString() => CompactCount(-1);

    /// <summary>The count or length of a flexible version: one more, as a varint.</summary>
    public FrameWriter CompactCount(int count)
    {
        uint left = (uint)(count + 1);
        for (; left >= 0x80; left >>= 7) Raw([(byte)(left | 0x80)]);
        return Raw([(byte)left]);
    }

    /// <summary>A structure of a flexible version ends without tags.</summary>
    public FrameWriter NoTags() => Int8(0);

    public FrameWriter Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>What was written, as it is.</summary>
    public byte[] ToBody() => _bytes.WrittenSpan.ToArray();

    /// <summary>The frame with its length in front.</summary>
    public byte[] ToFrame()
    {
        byte[] frame = GC.AllocateUninitializedArray<byte>(_bytes.WrittenCount, pinned: true);
        _bytes.WrittenSpan.CopyTo(frame);
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }
}
