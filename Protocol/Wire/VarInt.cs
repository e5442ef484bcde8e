namespace KBroker.Protocol.Wire;

/// <summary>
/// Variable-length integers as Kafka writes them: base-128 groups, least significant first.
/// Unsigned ones carry lengths of flexible message versions (KIP-482); ZigZag ones carry the fields of a record (KIP-98).
/// </summary>
/// <remarks>Reading never throws: an input that ends early, is longer than the type allows or overflows gives 0 bytes read.</remarks>
public static class VarInt
{
    /// <summary>The longest encoding of a 32-bit value, in bytes.</summary>
    public const int MaxBytes32 = 5;

    /// <summary>The longest encoding of a 64-bit value, in bytes.</summary>
    public const int MaxBytes64 = 10;

    /// <summary>Reads an unsigned 32-bit value. Returns the bytes read, or 0 if the input is not one.</summary>
    public static int ReadUnsigned(ReadOnlySpan<byte> source, out uint value)
    {
        if (!source.IsEmpty && source[0] < 0x80)
        {
            value = source[0];
            return 1;
        }

        uint result = 0;
        for (int i = 0; i < source.Length && i < MaxBytes32; i++)
        {
            uint b = source[i];
            if (i == MaxBytes32 - 1 && b > 0x0F) break;
            result |= (b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                value = result;
                return i + 1;
            }
        }

        value = 0;
        return 0;
    }

    /// <summary>Reads an unsigned 64-bit value. Returns the bytes read, or 0 if the input is not one.</summary>
    public static int ReadUnsignedLong(ReadOnlySpan<byte> source, out ulong value)
    {
        ulong result = 0;
        for (int i = 0; i < source.Length && i < MaxBytes64; i++)
        {
            ulong b = source[i];
            if (i == MaxBytes64 - 1 && b > 0x01) break;
            result |= (b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                value = result;
                return i + 1;
            }
        }

        value = 0;
        return 0;
    }

    /// <summary>Reads a ZigZag-encoded 32-bit value. Returns the bytes read, or 0 if the input is not one.</summary>
    public static int Read(ReadOnlySpan<byte> source, out int value)
    {
        int read = ReadUnsigned(source, out uint raw);
        value = (int)(raw >> 1) ^ -(int)(raw & 1);
        return read;
    }

    /// <summary>Reads a ZigZag-encoded 64-bit value. Returns the bytes read, or 0 if the input is not one.</summary>
    public static int ReadLong(ReadOnlySpan<byte> source, out long value)
    {
        int read = ReadUnsignedLong(source, out ulong raw);
        value = (long)(raw >> 1) ^ -(long)(raw & 1);
        return read;
    }

    /// <summary>Writes an unsigned value; returns the bytes written.</summary>
    public static int WriteUnsigned(Span<byte> destination, uint value)
    {
        int i = 0;
        for (; value >= 0x80; value >>= 7) destination[i++] = (byte)(value | 0x80);
        destination[i++] = (byte)value;
        return i;
    }

    /// <summary>Writes an unsigned 64-bit value; returns the bytes written.</summary>
    public static int WriteUnsignedLong(Span<byte> destination, ulong value)
    {
        int i = 0;
        for (; value >= 0x80; value >>= 7) destination[i++] = (byte)(value | 0x80);
        destination[i++] = (byte)value;
        return i;
    }

    /// <summary>Writes a value ZigZag-encoded; returns the bytes written.</summary>
    public static int Write(Span<byte> destination, int value) =>
        WriteUnsigned(destination, (uint)((value << 1) ^ (value >> 31)));

    /// <summary>Writes a 64-bit value ZigZag-encoded; returns the bytes written.</summary>
    public static int WriteLong(Span<byte> destination, long value) =>
        WriteUnsignedLong(destination, (ulong)((value << 1) ^ (value >> 63)));

    /// <summary>The bytes that <see cref="WriteUnsigned"/> needs for a value: 1 to 5.</summary>
    public static int SizeOfUnsigned(uint value) => ((31 - System.Numerics.BitOperations.LeadingZeroCount(value | 1)) / 7) + 1;

    /// <summary>The bytes that <see cref="WriteUnsignedLong"/> needs for a value: 1 to 10.</summary>
    public static int SizeOfUnsignedLong(ulong value) => ((63 - System.Numerics.BitOperations.LeadingZeroCount(value | 1)) / 7) + 1;

    /// <summary>The bytes that <see cref="Write"/> needs for a value: 1 to 5.</summary>
    public static int SizeOf(int value) => SizeOfUnsigned((uint)((value << 1) ^ (value >> 31)));

    /// <summary>The bytes that <see cref="WriteLong"/> needs for a value: 1 to 10.</summary>
    public static int SizeOfLong(long value) => SizeOfUnsignedLong((ulong)((value << 1) ^ (value >> 63)));
}
