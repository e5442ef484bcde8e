namespace KBroker.Protocol.Records;

/// <summary>
/// Where the fields of one record of magic 2 lie, in bytes from the record's start. Lengths of -1 stand for null.
/// </summary>
internal struct RecordLayout
{
    /// <summary>The bytes of the whole record, its length field and all.</summary>
    public int Size;
    public long TimestampDelta;
    public int OffsetDelta;
    public int KeyStart;
    public int KeyLength;
    public int ValueStart;
    public int ValueLength;
    public int HeadersStart;
    public int HeaderCount;

    /// <summary>The least that one record takes: six fields of a byte and its length.</summary>
    public const int SmallestRecord = 7;

    /// <summary>The least that one header takes: an empty key and a null or empty value.</summary>
    private const int SmallestHeader = 2;

    /// <summary>Finds the fields of the record at the start of <paramref name="source"/> and checks that they fit each other.</summary>
    public static RecordDefect TryRead(ReadOnlySpan<byte> source, out RecordLayout layout)
    {
        layout = default;
        var cursor = new RecordCursor(source);
        if (!cursor.TryReadInt(out int length)) return RecordDefect.TruncatedRecord;
        if (length < SmallestRecord - 1) return RecordDefect.InvalidRecordSize;
        if (length > cursor.Remaining) return RecordDefect.TruncatedRecord;
        layout.Size = cursor.Position + length;

        int prefix = cursor.Position;
        RecordDefect defect = TryReadBody(source.Slice(prefix, length), prefix, ref layout);
        return defect;
    }

    private static RecordDefect TryReadBody(ReadOnlySpan<byte> body, int prefix, ref RecordLayout layout)
    {
        var cursor = new RecordCursor(body);
        if (!cursor.TryReadByte(out _)
            || !cursor.TryReadLong(out layout.TimestampDelta)
            || !cursor.TryReadInt(out layout.OffsetDelta)
            || !cursor.TryReadInt(out layout.KeyLength))
        {
            return RecordDefect.InvalidField;
        }

        layout.KeyStart = prefix + cursor.Position;
        if (!cursor.TrySkip(layout.KeyLength)) return RecordDefect.InvalidKeyLength;
        if (!cursor.TryReadInt(out layout.ValueLength)) return RecordDefect.InvalidField;

        layout.ValueStart = prefix + cursor.Position;
        if (!cursor.TrySkip(layout.ValueLength)) return RecordDefect.InvalidValueLength;
        if (!cursor.TryReadInt(out layout.HeaderCount)) return RecordDefect.InvalidField;

        layout.HeadersStart = prefix + cursor.Position;
        if (layout.HeaderCount != 0)
        {
            RecordDefect defect = CheckHeaders(ref cursor, layout.HeaderCount);
            if (defect != RecordDefect.None) return defect;
        }

        return cursor.Remaining == 0 ? RecordDefect.None : RecordDefect.SizeMismatch;
    }

    private static RecordDefect CheckHeaders(ref RecordCursor cursor, int count)
    {
        if (count < 0 || count > cursor.Remaining / SmallestHeader) return RecordDefect.InvalidHeaderCount;
        for (int i = 0; i < count; i++)
        {
            if (!cursor.TryReadInt(out int key) || key < 0 || !cursor.TrySkip(key)) return RecordDefect.InvalidHeaderKeyLength;
            if (!cursor.TryReadInt(out int value) || !cursor.TrySkip(value)) return RecordDefect.InvalidHeaderValueLength;
        }

        return RecordDefect.None;
    }
}
