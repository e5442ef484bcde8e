using System.Buffers.Binary;

namespace KBroker.Protocol.Wire;

/// <summary>An array of 32-bit integers, read in place.</summary>
public readonly ref struct Int32List
{
    private readonly ReadOnlySpan<byte> _items;

    internal Int32List(ReadOnlySpan<byte> items, bool isNull)
    {
        _items = items;
        IsNull = isNull;
    }

    /// <summary>The number of elements; 0 for null.</summary>
    public int Count => _items.Length / sizeof(int);

    /// <summary>Whether the array is null.</summary>
    public bool IsNull { get; }

    /// <summary>One element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is out of range.</exception>
    public int this[int index] => BinaryPrimitives.ReadInt32BigEndian(_items.Slice(checked(index * sizeof(int)), sizeof(int)));

    /// <summary>Enumerates the elements.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Reads one element after the other.</summary>
    public ref struct Enumerator
    {
        private readonly Int32List _list;
        private int _next;

        internal Enumerator(Int32List list) => _list = list;

        /// <summary>The current element.</summary>
        public readonly int Current => _list[_next - 1];

        /// <summary>Goes to the next element.</summary>
        public bool MoveNext() => _next++ < _list.Count;
    }
}
