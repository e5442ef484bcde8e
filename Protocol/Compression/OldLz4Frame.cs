using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace KBroker.Protocol.Compression;

/// <summary>
/// LZ4 frames as clients before magic 1 wrote them: the checksum of the frame's header wrongly covers the frame's magic number too
/// (KAFKA-3160). liblz4 insists on the right one.
/// </summary>
internal static class OldLz4Frame
{
    private const int DescriptorOffset = 4;
    private const int SmallestDescriptor = 2;
    private const byte HasContentSize = 0x08;
    private const byte HasDictionaryId = 0x01;

    /// <summary>Writes the frame with the header checksum that the format asks for.</summary>
    public static void Repair(ReadOnlySpan<byte> frame, PooledBufferWriter destination)
    {
        destination.Write(frame);
        Span<byte> written = destination.WrittenBytes;
        if (written.Length <= DescriptorOffset + SmallestDescriptor) return;

        byte flags = written[DescriptorOffset];
        int length = SmallestDescriptor
            + ((flags & HasContentSize) != 0 ? sizeof(long) : 0)
            + ((flags & HasDictionaryId) != 0 ? sizeof(int) : 0);
        if (written.Length <= DescriptorOffset + length) return;
        written[DescriptorOffset + length] = (byte)(XxHash32OfShort(written.Slice(DescriptorOffset, length)) >> 8);
    }

    /// <summary>xxHash32 with seed 0 of fewer than 16 bytes.</summary>
    private static uint XxHash32OfShort(ReadOnlySpan<byte> data)
    {
        const uint Prime1 = 2_654_435_761, Prime2 = 2_246_822_519, Prime3 = 3_266_489_917, Prime4 = 668_265_263, Prime5 = 374_761_393;
        uint hash = Prime5 + (uint)data.Length;
        for (; data.Length >= sizeof(uint); data = data[sizeof(uint)..])
            hash = BitOperations.RotateLeft(hash + (BinaryPrimitives.ReadUInt32LittleEndian(data) * Prime3), 17) * Prime4;
        foreach (byte b in data) hash = BitOperations.RotateLeft(hash + (b * Prime5), 11) * Prime1;
        hash = (hash ^ (hash >> 15)) * Prime2;
        hash = (hash ^ (hash >> 13)) * Prime3;
        return hash ^ (hash >> 16);
    }
}
