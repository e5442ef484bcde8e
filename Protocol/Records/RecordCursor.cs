using System.Runtime.CompilerServices;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Records;

/// <summary>Reads the variable-length fields of a record; a read that does not fit returns false.</summary>
internal ref struct RecordCursor(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { readonly get; private set; }

    public readonly int Remaining => _bytes.Length - Position;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadByte(out byte value)
    {
        int position = Position;
        if ((uint)position >= (uint)_bytes.Length)
        {
            value = 0;
            return false;
        }

        value = _bytes[position];
        Position = position + 1;
        return true;
    }

    /// <summary>Reads a field of one or two bytes in line: lengths, deltas and counts hardly ever take more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadInt(out int value)
    {
        if (!TryReadShort(out uint raw)) return TryReadLongerInt(out value);
        value = (int)(raw >> 1) ^ -(int)(raw & 1);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadLong(out long value)
    {
        if (!TryReadShort(out uint raw)) return TryReadLongerLong(out value);
        value = (int)(raw >> 1) ^ -(int)(raw & 1);
        return true;
    }

    /// <summary>Skips the bytes of a field of the given length, where -1 stands for null and takes none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TrySkip(int length)
    {
        if (length < 0) return length == -1;
        if (length > Remaining) return false;
        Position += length;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReadShort(out uint raw)
    {
        int position = Position;
        raw = 0;
        if ((uint)position >= (uint)_bytes.Length) return false;
        raw = _bytes[position];
        if (raw < 0x80)
        {
            Position = position + 1;
            return true;
        }

        if ((uint)(position + 1) >= (uint)_bytes.Length) return false;
        uint second = _bytes[position + 1];
        if (second >= 0x80) return false;
        raw = (raw & 0x7F) | (second << 7);
        Position = position + 2;
        return true;
    }

    private bool TryReadLongerLong(out long value)
    {
        int read = VarInt.ReadLong(_bytes[Position..], out value);
        Position += read;
        return read > 0;
    }

    private bool TryReadLongerInt(out int value)
    {
        int read = VarInt.Read(_bytes[Position..], out value);
        Position += read;
        return read > 0;
    }
}
