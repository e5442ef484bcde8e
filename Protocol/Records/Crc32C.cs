using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace KBroker.Protocol.Records;

/// <summary>
/// CRC-32C (Castagnoli), the checksum of record batches of magic 2 (KIP-98) and of producer snapshots.
/// </summary>
/// <remarks>
/// The CRC instruction has a latency of three cycles and a throughput of one, so three lanes of the input are summed side by
/// side and joined by carry-less multiplication. Processors without either instruction take a table.
/// </remarks>
public static class Crc32C
{
    private const int LongLane = 2048;
    private const int ShortLane = 256;

    private static readonly ulong LongShiftTwo = ShiftFactor(2 * LongLane);
    private static readonly ulong LongShiftOne = ShiftFactor(LongLane);
    private static readonly ulong ShortShiftTwo = ShiftFactor(2 * ShortLane);
    private static readonly ulong ShortShiftOne = ShiftFactor(ShortLane);

    private static bool HasLanes => Pclmulqdq.IsSupported || ArmAes.IsSupported;

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>
    /// The checksum of everything summed so far followed by <paramref name="data"/>, where <paramref name="crc"/> is the checksum
    /// of everything so far: 0 for nothing.
    /// </summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        uint state = ~crc;
        if (HasLanes)
        {
            state = AppendLanes(state, ref data, LongLane, LongShiftTwo, LongShiftOne);
            state = AppendLanes(state, ref data, ShortLane, ShortShiftTwo, ShortShiftOne);
        }

        ref byte at = ref MemoryMarshal.GetReference(data);
        int i = 0;
        for (; i <= data.Length - sizeof(ulong); i += sizeof(ulong)) state = BitOperations.Crc32C(state, ReadWord(ref at, i));
        for (; i < data.Length; i++) state = BitOperations.Crc32C(state, Unsafe.Add(ref at, i));
        return ~state;
    }

    private static uint AppendLanes(uint state, ref ReadOnlySpan<byte> data, int lane, ulong shiftTwo, ulong shiftOne)
    {
        while (data.Length >= 3 * lane)
        {
            ref byte first = ref MemoryMarshal.GetReference(data);
            ref byte second = ref Unsafe.Add(ref first, lane);
            ref byte third = ref Unsafe.Add(ref first, 2 * lane);
            uint a = state, b = 0, c = 0;
            for (int i = 0; i < lane; i += sizeof(ulong))
            {
                a = BitOperations.Crc32C(a, ReadWord(ref first, i));
                b = BitOperations.Crc32C(b, ReadWord(ref second, i));
                c = BitOperations.Crc32C(c, ReadWord(ref third, i));
            }

            // Summing a product from state 0 reduces it modulo the polynomial.
            ulong shifted = Multiply(a, shiftTwo) ^ Multiply(b, shiftOne);
            state = BitOperations.Crc32C(0, shifted) ^ c;
            data = data[(3 * lane)..];
        }

        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadWord(ref byte at, int offset)
    {
        ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, offset));
        return BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Multiply(ulong left, ulong right) => Pclmulqdq.IsSupported
        ? Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(left), Vector128.CreateScalar(right), 0).GetElement(0)
        : ArmAes.PolynomialMultiplyWideningLower(Vector64.Create(left), Vector64.Create(right)).GetElement(0);

    /// <summary>
    /// The factor that moves a state past <paramref name="bytes"/> bytes. A product of two reflected 32-bit values, reduced as a
    /// 64-bit word, comes out multiplied by x^33, hence the exponent.
    /// </summary>
    private static ulong ShiftFactor(int bytes)
    {
        const uint One = 0x8000_0000;
        uint result = One;
        uint square = One >> 1;
        for (int exponent = (8 * bytes) - 33; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0) result = MultiplyModulo(result, square);
            square = MultiplyModulo(square, square);
        }

        return result;
    }

    private static uint MultiplyModulo(uint left, uint right)
    {
        const uint Polynomial = 0x82F6_3B78;
        uint product = 0;
        for (int bit = 31; bit >= 0; bit--)
        {
            if (((left >> bit) & 1) != 0) product ^= right;
            right = (right >> 1) ^ ((right & 1) != 0 ? Polynomial : 0);
        }

        return product;
    }
}
