namespace KBroker.Protocol.Wire;

/// <summary>An array of structures, read in place while it is enumerated. Its bytes have been checked before.</summary>
/// <typeparam name="T">The view of an element.</typeparam>
public readonly ref struct ViewList<T>
    where T : struct, IWireView<T>, allows ref struct
{
    private readonly KafkaReader _items;
    private readonly int _count;
    private readonly short _version;

    /// <summary>A list of <paramref name="count"/> elements, -1 for null, of which the reader stands before the first.</summary>
    public ViewList(KafkaReader items, int count, short version)
    {
        _items = items;
        _count = count;
        _version = version;
    }

    /// <summary>The number of elements; 0 for null.</summary>
    public int Count => Math.Max(_count, 0);

    /// <summary>Whether the array is null.</summary>
    public bool IsNull => _count < 0;

    /// <summary>Enumerates the elements.</summary>
    public Enumerator GetEnumerator() => new(_items, _count, _version);

    /// <summary>Reads one element after the other.</summary>
    public ref struct Enumerator
    {
        private readonly short _version;
        private KafkaReader _reader;
        private int _left;
        private bool _inside;

        internal Enumerator(KafkaReader items, int count, short version)
        {
            _reader = items;
            _left = count;
            _version = version;
        }

        /// <summary>The current element, read anew each time.</summary>
        public readonly T Current
        {
            get
            {
                KafkaReader element = _reader;
                return T.Read(ref element, _version);
            }
        }

        /// <summary>Goes to the next element.</summary>
        public bool MoveNext()
        {
            if (_left <= 0) return false;
            _left--;
            if (_inside) T.Skip(ref _reader, _version);
            _inside = true;
            return true;
        }
    }
}
