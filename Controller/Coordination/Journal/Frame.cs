using System.Buffers.Binary;
using KBroker.Protocol.Records;

namespace KBroker.Controller.Coordination.Journal;

/// <summary>
/// A checksummed, length-prefixed piece of a file: magic (4 bytes), payload length (int32), CRC-32C of length and payload
/// (uint32), payload; all big-endian.
/// </summary>
internal static class Frame
{
    public const int HeaderSize = 12;

    /// <summary>The frame around a payload.</summary>
    public static byte[] Wrap(uint magic, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, magic);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), payload.Length);
        payload.CopyTo(frame.AsSpan(HeaderSize));
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), Crc(frame));
        return frame;
    }

    /// <summary>Reads the frame at an offset; false if what is there is not a whole, undamaged one.</summary>
    public static bool TryRead(uint magic, ReadOnlySpan<byte> file, int offset, out int payloadLength)
    {
        payloadLength = 0;
        ReadOnlySpan<byte> rest = file[offset..];
        if (rest.Length < HeaderSize || BinaryPrimitives.ReadUInt32BigEndian(rest) != magic) return false;
        int length = BinaryPrimitives.ReadInt32BigEndian(rest[4..]);
        if (length < 0 || length > rest.Length - HeaderSize) return false;
        ReadOnlySpan<byte> frame = rest[..(HeaderSize + length)];
        if (BinaryPrimitives.ReadUInt32BigEndian(rest[8..]) != Crc(frame)) return false;
        payloadLength = length;
        return true;
    }

    /// <summary>The offset of the first whole frame at or after an offset; -1 if there is none.</summary>
    public static int Find(uint magic, ReadOnlySpan<byte> file, int from)
    {
        Span<byte> mark = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(mark, magic);
        while (from < file.Length)
        {
            int at = file[from..].IndexOf(mark);
            if (at < 0) return -1;
            if (TryRead(magic, file, from + at, out _)) return from + at;
            from += at + 1;
        }

        return -1;
    }

    private static uint Crc(ReadOnlySpan<byte> frame)
        => Crc32C.Append(Crc32C.Compute(frame.Slice(4, 4)), frame[HeaderSize..]);
}
