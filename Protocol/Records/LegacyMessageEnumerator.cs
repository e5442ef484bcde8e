namespace KBroker.Protocol.Records;

/// <summary>
/// Goes through one message of magic 0 or 1, or through the messages that a compressed one wraps. Magic 1 numbers wrapped messages
/// from 0 and gives the wrapper the offset of the last (KIP-31); magic 0 leaves real offsets inside.
/// </summary>
internal ref struct LegacyMessageEnumerator
{
    private readonly ReadOnlySpan<byte> _messages;
    private readonly LegacyMessage _wrapper;
    private readonly bool _isWrapped;
    private readonly long _baseOffset;
    private LegacyMessage _current;
    private int _next;

    /// <summary>A message that is not compressed.</summary>
    public LegacyMessageEnumerator(LegacyMessage message) => _messages = message.Bytes;

    /// <summary>The messages in <paramref name="messages"/>, which <paramref name="wrapper"/> held compressed.</summary>
    public LegacyMessageEnumerator(LegacyMessage wrapper, ReadOnlySpan<byte> messages)
    {
        _wrapper = wrapper;
        _messages = messages;
        _isWrapped = true;
        if (wrapper.Magic == 0) return;

        // Some producers leave the wrapper's offset 0.
        long last = LastOffset(messages, out bool isEmpty);
        if (isEmpty) Error = "A compressed message holds no messages";
        else if (wrapper.Offset != 0 && wrapper.Offset < last) Error = $"Wrapped offset {last} is above the wrapper's {wrapper.Offset}";
        else _baseOffset = wrapper.Offset == 0 ? 0 : wrapper.Offset - last;
    }

    /// <summary>What is wrong, or null.</summary>
    public string? Error { get; private set; }

    public readonly Record Current
    {
        get
        {
            bool stamped = _isWrapped && _current.Magic == 1 && _wrapper.Attributes.TimestampType == TimestampType.LogAppendTime;
            return new Record
            {
                Offset = _baseOffset + _current.Offset,
                Timestamp = stamped ? _wrapper.Timestamp : _current.Timestamp,
                CreateTimestamp = _current.Timestamp,
                Sequence = ProducerSequence.None,
                HasKey = _current.HasKey,
                Key = _current.Key,
                HasValue = _current.HasValue,
                Value = _current.Value,
            };
        }
    }

    public bool MoveNext()
    {
        if (Error is not null) return false;
        ReadOnlySpan<byte> rest = _messages[_next..];
        if (RecordBatchEnumerator.Measure(rest, out int size) != RecordBatchEnumeratorState.Reading)
        {
            // Kafka's reader drops a cut-off wrapped message, so no error is made of it here.
            if (_next == 0) Error = "A compressed message holds no messages";
            return false;
        }

        _next += size;
        ReadOnlySpan<byte> bytes = rest[..size];
        if (bytes[RecordBatchFormat.MagicOffset] > 1 || !LegacyMessage.TryRead(bytes, out _current))
            Error = "A message's key or value does not fit it";
        else if (_isWrapped && _current.CompressionType != Compression.CompressionType.None)
            Error = "A wrapped message is compressed again";
        return Error is null;
    }

    private static long LastOffset(ReadOnlySpan<byte> messages, out bool isEmpty)
    {
        long last = 0;
        isEmpty = true;
        foreach (RecordBatchInfo message in new RecordBatchEnumerator(messages))
        {
            last = message.LastOffset;
            isEmpty = false;
        }

        return last;
    }
}
