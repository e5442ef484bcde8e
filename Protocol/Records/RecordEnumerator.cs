namespace KBroker.Protocol.Records;

/// <summary>
/// Goes through the records of one batch in order. Where the bytes turn out to be damaged, <see cref="MoveNext"/> returns false and
/// <see cref="ErrorCode"/> says why; the records before stand.
/// </summary>
public ref struct RecordEnumerator
{
    private readonly ReadOnlySpan<byte> _records;
    private readonly RecordBatchHeader _batch;
    private readonly int _baseSequence;
    private readonly bool _isLegacy;
    private LegacyMessageEnumerator _legacy;
    private RecordLayout _layout;
    private int _start;
    private int _next;
    private int _left;

    internal RecordEnumerator(RecordBatchHeader batch, ReadOnlySpan<byte> records)
    {
        _batch = batch;
        _records = records;
        _baseSequence = batch.BaseSequence;
        _left = batch.RecordCount;
        if (_left < 0) Fail(ErrorCode.CorruptMessage, $"The record batch says it holds {_left} records");
    }

    internal RecordEnumerator(LegacyMessageEnumerator legacy)
    {
        _isLegacy = true;
        _legacy = legacy;
        if (legacy.Error is { } message) Fail(ErrorCode.CorruptMessage, message);
    }

    internal RecordEnumerator(ErrorCode errorCode, string message) => Fail(errorCode, message);

    /// <summary>
    /// <see cref="ErrorCode.None"/>; or why no more records can be read: <see cref="ErrorCode.CorruptMessage"/>,
    /// <see cref="ErrorCode.UnsupportedCompressionType"/>, or <see cref="ErrorCode.MessageTooLarge"/> above the decompression limit.
    /// </summary>
    public ErrorCode ErrorCode { get; private set; }

    /// <summary>What is wrong, in words, or null.</summary>
    public string? ErrorMessage { get; private set; }

    /// <summary>The record that the last <see cref="MoveNext"/> found; its slices live as long as the reader's current batch.</summary>
    public readonly Record Current => _isLegacy ? _legacy.Current : CurrentOfBatch();

    /// <summary>This, so that <c>foreach</c> works; the error is then lost, so check it with <c>while</c> where it matters.</summary>
    public readonly RecordEnumerator GetEnumerator() => this;

    /// <summary>Goes to the next record; false after the last, or at damage.</summary>
    public bool MoveNext()
    {
        if (ErrorCode != ErrorCode.None) return false;
        if (_isLegacy)
        {
            if (_legacy.MoveNext()) return true;
            if (_legacy.Error is { } message) Fail(ErrorCode.CorruptMessage, message);
            return false;
        }

        if (_left == 0)
        {
            if (_next < _records.Length) Fail(ErrorCode.CorruptMessage, "There is more in the batch after its records");
            return false;
        }

        RecordDefect defect = RecordLayout.TryRead(_records[_next..], out _layout);
        if (defect != RecordDefect.None)
        {
            Fail(ErrorCode.CorruptMessage, $"A record of the batch cannot be read: {defect.Describe()}");
            return false;
        }

        _left--;
        _start = _next;
        _next += _layout.Size;
        return true;
    }

    private readonly Record CurrentOfBatch()
    {
        ReadOnlySpan<byte> record = _records.Slice(_start, _layout.Size);
        long timestamp = unchecked(_batch.BaseTimestamp + _layout.TimestampDelta);
        return new Record
        {
            Offset = _batch.BaseOffset + _layout.OffsetDelta,
            Timestamp = _batch.TimestampType == TimestampType.LogAppendTime ? _batch.MaxTimestamp : timestamp,
            CreateTimestamp = timestamp,
            Sequence = _baseSequence < 0 || _layout.OffsetDelta < 0
                ? ProducerSequence.None
                : ProducerSequence.Add(_baseSequence, _layout.OffsetDelta),
            HasKey = _layout.KeyLength >= 0,
            Key = record.Slice(_layout.KeyStart, Math.Max(_layout.KeyLength, 0)),
            HasValue = _layout.ValueLength >= 0,
            Value = record.Slice(_layout.ValueStart, Math.Max(_layout.ValueLength, 0)),
            Headers = new RecordHeaders(_layout.HeaderCount, record[_layout.HeadersStart..]),
        };
    }

    private void Fail(ErrorCode errorCode, string message)
    {
        ErrorCode = errorCode;
        ErrorMessage = message;
    }
}
