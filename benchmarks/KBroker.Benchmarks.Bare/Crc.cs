using System.Numerics;
using System.Runtime.InteropServices;

namespace KBroker.Benchmarks.Bare;

/// <summary>CRC-32C, eight bytes at a time.</summary>
internal static class Crc
{
    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words) crc = BitOperations.Crc32C(crc, word);
        foreach (byte b in bytes[(words.Length * 8)..]) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
