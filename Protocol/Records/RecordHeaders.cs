namespace KBroker.Protocol.Records;

/// <summary>The headers of a record where they lie, already known to be whole. Enumerating allocates nothing.</summary>
public readonly ref struct RecordHeaders
{
    internal RecordHeaders(int count, ReadOnlySpan<byte> bytes)
    {
        Count = count;
        Bytes = bytes;
    }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The headers as they are written, without their number.</summary>
    internal ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Starts before the first.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Goes through the headers in order.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _bytes;
        private RecordCursor _cursor;
        private int _left;

        internal Enumerator(RecordHeaders headers)
        {
            _bytes = headers.Bytes;
            _cursor = new RecordCursor(headers.Bytes);
            _left = headers.Count;
        }

        /// <summary>The header that the last <see cref="MoveNext"/> found.</summary>
        public RecordHeaderView Current { get; private set; }

        /// <summary>Goes to the next header; false after the last.</summary>
        public bool MoveNext()
        {
            if (_left == 0) return false;
            _left--;
            ReadOnlySpan<byte> key = ReadField(out _);
            ReadOnlySpan<byte> value = ReadField(out bool hasValue);
            Current = new RecordHeaderView(key, hasValue, value);
            return true;
        }

        private ReadOnlySpan<byte> ReadField(out bool isPresent)
        {
            _ = _cursor.TryReadInt(out int length);
            isPresent = length >= 0;
            int start = _cursor.Position;
            _ = _cursor.TrySkip(length);
            return _bytes[start.._cursor.Position];
        }
    }
}
