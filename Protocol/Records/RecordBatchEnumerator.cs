using System.Buffers.Binary;

namespace KBroker.Protocol.Records;

/// <summary>
/// Walks the headers of batches that lie one after the other, of any magic, without reading records or checking CRCs. A batch
/// that the buffer cuts off is not an error: fetch responses end that way.
/// </summary>
public ref struct RecordBatchEnumerator
{
    private readonly ReadOnlySpan<byte> _buffer;
    private int _next;

    /// <summary>Starts before the first batch of <paramref name="buffer"/>.</summary>
    public RecordBatchEnumerator(ReadOnlySpan<byte> buffer) => _buffer = buffer;

    /// <summary>The batch that the last <see cref="MoveNext"/> found.</summary>
    public RecordBatchInfo Current { get; private set; }

    /// <summary>The bytes of <see cref="Current"/>.</summary>
    public readonly ReadOnlySpan<byte> CurrentBytes => _buffer.Slice(Current.Position, Current.SizeInBytes);

    /// <summary>Whether more may follow, and if not, why not.</summary>
    public RecordBatchEnumeratorState State { get; private set; }

    /// <summary>The bytes of the whole batches found so far.</summary>
    public readonly int ValidBytes => _next;

    /// <summary>The bytes after the last whole batch; meaningful once <see cref="MoveNext"/> has returned false.</summary>
    public readonly int PartialTrailingBytes => _buffer.Length - _next;

    /// <summary>This, so that <c>foreach</c> works.</summary>
    public readonly RecordBatchEnumerator GetEnumerator() => this;

    /// <summary>Goes to the next whole batch; false at the end, whose nature <see cref="State"/> tells.</summary>
    public bool MoveNext()
    {
        if (State != RecordBatchEnumeratorState.Reading) return false;

        State = Measure(_buffer[_next..], out int size);
        if (State != RecordBatchEnumeratorState.Reading) return false;

        Current = Describe(_buffer.Slice(_next, size), _next);
        _next += size;
        return true;
    }

    /// <summary>Tells what lies at the start of <paramref name="rest"/>; <c>Reading</c> with its size if it is a whole batch.</summary>
    internal static RecordBatchEnumeratorState Measure(ReadOnlySpan<byte> rest, out int size)
    {
        size = 0;
        if (rest.IsEmpty) return RecordBatchEnumeratorState.End;
        if (rest.Length < RecordBatchFormat.LogOverhead) return RecordBatchEnumeratorState.PartialTail;

        int length = BinaryPrimitives.ReadInt32BigEndian(rest[RecordBatchFormat.LengthOffset..]);
        if (length < LegacyMessageFormat.MinLengthV0) return RecordBatchEnumeratorState.Corrupt;
        if (rest.Length < RecordBatchFormat.HeaderUpToMagic) return RecordBatchEnumeratorState.PartialTail;

        byte magic = rest[RecordBatchFormat.MagicOffset];
        if (magic > RecordBatchFormat.CurrentMagic) return RecordBatchEnumeratorState.Corrupt;
        int minLength = magic == RecordBatchFormat.CurrentMagic ? RecordBatchFormat.MinLength : LegacyMessageFormat.MinLength(magic);
        if (length < minLength) return RecordBatchEnumeratorState.Corrupt;
        if (length > rest.Length - RecordBatchFormat.LogOverhead) return RecordBatchEnumeratorState.PartialTail;

        size = length + RecordBatchFormat.LogOverhead;
        return RecordBatchEnumeratorState.Reading;
    }

    private static RecordBatchInfo Describe(ReadOnlySpan<byte> batch, int position)
    {
        byte magic = batch[RecordBatchFormat.MagicOffset];
        if (magic == RecordBatchFormat.CurrentMagic)
        {
            var header = new RecordBatchHeader(batch);
            return new RecordBatchInfo(
                position,
                batch.Length,
                magic,
                header.BaseOffset,
                header.LastOffset,
                header.MaxTimestamp,
                header.Attributes,
                header.PartitionLeaderEpoch);
        }

        long offset = BinaryPrimitives.ReadInt64BigEndian(batch);
        long timestamp = magic == 0
            ? RecordBatchFormat.None
            : BinaryPrimitives.ReadInt64BigEndian(batch[LegacyMessageFormat.TimestampOffset..]);
        var attributes = new RecordBatchAttributes((short)(batch[LegacyMessageFormat.AttributesOffset] & LegacyMessageFormat.AttributesMask));
        return new RecordBatchInfo(position, batch.Length, magic, offset, offset, timestamp, attributes, (int)RecordBatchFormat.None);
    }
}
