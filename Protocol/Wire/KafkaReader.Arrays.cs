using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace KBroker.Protocol.Wire;

/// <content>Arrays.</content>
public ref partial struct KafkaReader
{
    /// <summary>Reads an array of structures.</summary>
    public T[] ReadArray<T>(short version, bool flexible)
        where T : WireStruct, IWireStruct<T> => ReadNullableArray<T>(version, flexible) ?? throw NullValue();

    /// <summary>Reads an array of structures or null.</summary>
    public T[]? ReadNullableArray<T>(short version, bool flexible)
        where T : WireStruct, IWireStruct<T>
    {
        int count = ReadCount(flexible, T.MinSize(version));
        if (count <= 0) return count < 0 ? null : [];
        var items = new T[count];
        for (int i = 0; i < items.Length; i++) items[i] = T.Read(ref this, version);
        return items;
    }

    /// <summary>Reads an array of strings.</summary>
    public string[] ReadStringArray(bool flexible) => ReadNullableStringArray(flexible) ?? throw NullValue();

    /// <summary>Reads an array of strings or null.</summary>
    public string[]? ReadNullableStringArray(bool flexible)
    {
        int count = ReadCount(flexible, flexible ? 1 : 2);
        if (count <= 0) return count < 0 ? null : [];
        var items = new string[count];
        for (int i = 0; i < items.Length; i++) items[i] = ReadString(flexible);
        return items;
    }

    /// <summary>Reads an array of bytes, signed.</summary>
    public sbyte[] ReadInt8Array(bool flexible) => ReadNullableInt8Array(flexible) ?? throw NullValue();

    /// <summary>Reads an array of bytes, signed, or null.</summary>
    public sbyte[]? ReadNullableInt8Array(bool flexible) =>
        TryReadItems(flexible, 1, out ReadOnlySpan<byte> items) ? MemoryMarshal.Cast<byte, sbyte>(items).ToArray() : null;

    /// <summary>Reads an array of 16-bit integers.</summary>
    public short[] ReadInt16Array(bool flexible) => ReadNullableInt16Array(flexible) ?? throw NullValue();

    /// <summary>Reads an array of 16-bit integers or null.</summary>
    public short[]? ReadNullableInt16Array(bool flexible)
    {
        if (!TryReadItems(flexible, 2, out ReadOnlySpan<byte> items)) return null;
        short[] values = MemoryMarshal.Cast<byte, short>(items).ToArray();
        if (BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(values, values);
        return values;
    }

    /// <summary>Reads an array of 32-bit integers.</summary>
    public int[] ReadInt32Array(bool flexible) => ReadNullableInt32Array(flexible) ?? throw NullValue();

    /// <summary>Reads an array of 32-bit integers or null.</summary>
    public int[]? ReadNullableInt32Array(bool flexible)
    {
        if (!TryReadItems(flexible, 4, out ReadOnlySpan<byte> items)) return null;
        int[] values = MemoryMarshal.Cast<byte, int>(items).ToArray();
        if (BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(values, values);
        return values;
    }

    /// <summary>Reads an array of 64-bit integers.</summary>
    public long[] ReadInt64Array(bool flexible) => ReadNullableInt64Array(flexible) ?? throw NullValue();

    /// <summary>Reads an array of 64-bit integers or null.</summary>
    public long[]? ReadNullableInt64Array(bool flexible)
    {
        if (!TryReadItems(flexible, 8, out ReadOnlySpan<byte> items)) return null;
        long[] values = MemoryMarshal.Cast<byte, long>(items).ToArray();
        if (BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(values, values);
        return values;
    }

    /// <summary>Reads an array of UUIDs.</summary>
    public Guid[] ReadUuidArray(bool flexible) => ReadNullableUuidArray(flexible) ?? throw NullValue();

    /// <summary>Reads an array of UUIDs or null.</summary>
    public Guid[]? ReadNullableUuidArray(bool flexible)
    {
        if (!TryReadItems(flexible, 16, out ReadOnlySpan<byte> items)) return null;
        if (items.IsEmpty) return [];
        var values = new Guid[items.Length / 16];
        for (int i = 0; i < values.Length; i++) values[i] = new Guid(items.Slice(i * 16, 16), bigEndian: true);
        return values;
    }

    private bool TryReadItems(bool flexible, int itemSize, out ReadOnlySpan<byte> items)
    {
        int count = ReadCount(flexible, itemSize);
        items = count <= 0 ? default : ReadSpan(count * itemSize);
        return count >= 0;
    }
}
