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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadInt(out int value)
    {
        int position = Position;
        if ((uint)position < (uint)_bytes.Length && _bytes[position] < 0x80)
        {
            uint raw = _bytes[position];
            value = (int)(raw >> 1) ^ -(int)(raw & 1);
            Position = position + 1;
            return true;
        }

        return TryReadLongerInt(out value);
    }

    public bool TryReadLong(out long value)
    {
        int read = VarInt.ReadLong(_bytes[Position..], out value);
        Position += read;
        return read > 0;
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

    private bool TryReadLongerInt(out int value)
    {
        int read = VarInt.Read(_bytes[Position..], out value);
        Position += read;
        return read > 0;
    }
}
