namespace KBroker.Protocol.Wire;

/// <content>What views read: fields in place, and the way past them.</content>
public ref partial struct KafkaReader
{
    /// <summary>Passes over bytes.</summary>
    public void Skip(int length)
    {
        if ((uint)length > (uint)Remaining) ThrowCutOff();
        _position += length;
    }

    /// <summary>Reads a string as its bytes, which need not be valid UTF-8.</summary>
    public ReadOnlySpan<byte> ReadUtf8(bool flexible) =>
        TryReadUtf8(flexible, out ReadOnlySpan<byte> utf8) ? utf8 : throw NullValue();

    /// <summary>Reads a string as its bytes, or null where <paramref name="nullable"/> allows it.</summary>
    public ReadOnlySpan<byte> ReadNullableUtf8(bool flexible, bool nullable, out bool isNull)
    {
        isNull = !TryReadUtf8(flexible, out ReadOnlySpan<byte> utf8);
        return isNull && !nullable ? throw NullValue() : utf8;
    }

    /// <summary>Reads an array of 32-bit integers in place.</summary>
    public Int32List ReadInt32List(bool flexible)
    {
        Int32List list = ReadNullableInt32List(flexible);
        return list.IsNull ? throw NullValue() : list;
    }

    /// <summary>Reads an array of 32-bit integers or null in place.</summary>
    public Int32List ReadNullableInt32List(bool flexible)
    {
        bool present = TryReadItems(flexible, sizeof(int), out ReadOnlySpan<byte> items);
        return new Int32List(items, !present);
    }

    /// <summary>As <see cref="ReadCount"/>, for an array that is not nullable.</summary>
    public int ReadRequiredCount(bool flexible, int smallestElement)
    {
        int count = ReadCount(flexible, smallestElement);
        return count >= 0 ? count : throw NullValue();
    }

    /// <summary>Checks an array of structures and passes over it. Returns a list that reads it again.</summary>
    public ViewList<T> SkipList<T>(int count, short version)
        where T : struct, IWireView<T>, allows ref struct
    {
        var list = new ViewList<T>(this, count, version);
        for (; count > 0; count--) T.Skip(ref this, version);
        return list;
    }

    /// <summary>Passes over a string.</summary>
    public void SkipString(bool flexible, bool nullable)
    {
        if (!TryReadUtf8(flexible, out _) && !nullable) throw NullValue();
    }

    /// <summary>Passes over bytes or records.</summary>
    public void SkipBytes(bool flexible, bool nullable)
    {
        int length = ReadLength(flexible);
        if (length >= 0) _position += length;
        else if (!nullable) throw NullValue();
    }

    /// <summary>Passes over an array of fixed-size elements.</summary>
    public void SkipItems(bool flexible, bool nullable, int itemSize)
    {
        if (!TryReadItems(flexible, itemSize, out _) && !nullable) throw NullValue();
    }
}
