using System.Buffers.Binary;
using System.Numerics;

namespace KBroker.TestKit.Golden;

/// <summary>
/// Big-endian numbers, zigzag varints and checksums, written here from their definitions: nothing of what is under test has a part in
/// what it is compared with.
/// </summary>
internal static class GoldenBytes
{
    public static byte[] Short(short value) => Number(2, (span, _) => BinaryPrimitives.WriteInt16BigEndian(span, value));

    public static byte[] Int(int value) => Number(4, (span, _) => BinaryPrimitives.WriteInt32BigEndian(span, value));

    public static byte[] Int(uint value) => Number(4, (span, _) => BinaryPrimitives.WriteUInt32BigEndian(span, value));

    public static byte[] Long(long value) => Number(8, (span, _) => BinaryPrimitives.WriteInt64BigEndian(span, value));

    /// <summary>An int32 length, -1 for null, and the bytes.</summary>
    public static byte[] Sized(byte[]? value) => value is null ? Int(-1) : [.. Int(value.Length), .. value];

    public static byte[] Varint(long value)
    {
        var bytes = new List<byte>();
        ulong zigzag = (ulong)((value << 1) ^ (value >> 63));
        for (; zigzag >= 0x80; zigzag >>= 7) bytes.Add((byte)(zigzag | 0x80));
        bytes.Add((byte)zigzag);
        return [.. bytes];
    }

    /// <summary>A varint length, -1 for null, and the bytes.</summary>
    public static byte[] VarSized(byte[]? value) => value is null ? Varint(-1) : [.. Varint(value.Length), .. value];

    /// <summary>CRC-32 as zlib has it.</summary>
    public static uint Crc32(ReadOnlySpan<byte> bytes) => Crc(bytes, 0xEDB8_8320);

    /// <summary>CRC-32C (Castagnoli).</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes) => Crc(bytes, 0x82F6_3B78);

    /// <summary>xxHash32 with seed 0 of fewer than 16 bytes.</summary>
    public static uint XxHash32(ReadOnlySpan<byte> bytes)
    {
        const uint P1 = 2654435761, P2 = 2246822519, P3 = 3266489917, P4 = 668265263, P5 = 374761393;
        uint hash = P5 + (uint)bytes.Length;
        while (bytes.Length >= 4)
        {
            hash = BitOperations.RotateLeft(hash + BinaryPrimitives.ReadUInt32LittleEndian(bytes) * P3, 17) * P4;
            bytes = bytes[4..];
        }

        foreach (byte b in bytes) hash = BitOperations.RotateLeft(hash + b * P5, 11) * P1;
        hash = (hash ^ (hash >> 15)) * P2;
        hash = (hash ^ (hash >> 13)) * P3;
        return hash ^ (hash >> 16);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes, uint polynomial)
    {
        uint state = uint.MaxValue;
        foreach (byte b in bytes)
        {
            state ^= b;
            for (int i = 0; i < 8; i++) state = (state >> 1) ^ ((state & 1) * polynomial);
        }

        return ~state;
    }

    private static byte[] Number(int size, System.Buffers.SpanAction<byte, int> write)
    {
        byte[] bytes = new byte[size];
        write(bytes, size);
        return bytes;
    }
}
