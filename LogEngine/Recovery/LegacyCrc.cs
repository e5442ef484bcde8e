using System.Buffers.Binary;
using KBroker.LogEngine.Segments;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Recovery;

/// <summary>The check of messages of magic 0 and 1: CRC-32 (zlib's) of everything behind the CRC field.</summary>
internal static class LegacyCrc
{
    private static readonly uint[] Table = BuildTable();

    public static bool Matches(ref FileWindow window, int position, in BatchHeader header)
    {
        uint stored = BinaryPrimitives.ReadUInt32BigEndian(window.Peek(position + LegacyMessageFormat.CrcOffset, sizeof(uint)));
        int at = position + LegacyMessageFormat.CrcOffset + sizeof(uint);
        int end = position + header.SizeInBytes;
        uint state = uint.MaxValue;
        while (at < end)
        {
            ReadOnlySpan<byte> piece = window.Peek(at, 1);
            if (piece.IsEmpty) return false;
            piece = piece[..Math.Min(piece.Length, end - at)];
            foreach (byte b in piece) state = Table[(state ^ b) & 0xFF] ^ (state >> 8);
            at += piece.Length;
        }

        return ~state == stored;
    }

    private static uint[] BuildTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB8_8320u : 0);
            table[i] = value;
        }

        return table;
    }
}
