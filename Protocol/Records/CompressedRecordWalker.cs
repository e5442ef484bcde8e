using System.Buffers;
using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>
/// Walks compressed records through a small window. A record that fits the window is read where it lies; a larger one field by
/// field, its keys and values passing by, so that memory does not depend on what the batch claims to hold.
/// </summary>
internal ref struct CompressedRecordWalker
{
    private const int WindowSize = 64 * 1024;

    /// <summary>The longest run of fields that is read at once: attributes, timestamp, offset and key length, or one length.</summary>
    private const int LongestFields = 24;

    private readonly byte[] _window;
    private BoundedDecompression _input;
    private DecompressionStatus _status;
    private int _start;
    private int _end;

    public CompressedRecordWalker(Decompressor decompressor, ReadOnlySpan<byte> source, int limit)
    {
        _input = new BoundedDecompression(decompressor, source, limit);
        _window = ArrayPool<byte>.Shared.Rent(WindowSize);
        _status = DecompressionStatus.More;
    }

    private readonly ReadOnlySpan<byte> Window => _window.AsSpan(_start, _end - _start);

    /// <summary>Whether the input has ended and everything that came out of it has been read.</summary>
    public bool IsAtEnd(out RecordDefect defect)
    {
        bool more = Fill(1);
        defect = more ? RecordDefect.None : Failure();
        return !more;
    }

    /// <summary>Reads the next record. Positions in the layout mean nothing; its lengths, deltas and counts do.</summary>
    public RecordDefect TryRead(out RecordLayout layout)
    {
        layout = default;
        Fill(LongestFields);
        var cursor = new RecordCursor(Window);
        if (!cursor.TryReadInt(out int length)) return FailureOr(RecordDefect.TruncatedRecord);
        if (length < RecordLayout.SmallestRecord - 1) return RecordDefect.InvalidRecordSize;

        int prefix = cursor.Position;
        if (length <= _window.Length - prefix)
        {
            if (!Fill(prefix + length)) return FailureOr(RecordDefect.TruncatedRecord);
            RecordDefect defect = RecordLayout.TryRead(Window, out layout);
            _start += prefix + length;
            return defect;
        }

        _start += prefix;
        return TryReadLarge(length, ref layout);
    }

    /// <summary>Gives the window back.</summary>
    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_window);

    private RecordDefect TryReadLarge(int length, ref RecordLayout layout)
    {
        layout.Size = length;
        long left = length;
        Fill(LongestFields);
        var cursor = new RecordCursor(Window);
        if (!cursor.TryReadByte(out _)
            || !cursor.TryReadLong(out layout.TimestampDelta)
            || !cursor.TryReadInt(out layout.OffsetDelta)
            || !cursor.TryReadInt(out layout.KeyLength))
        {
            return FailureOr(RecordDefect.InvalidField);
        }

        Consume(cursor.Position, ref left);
        RecordDefect defect = Skip(layout.KeyLength, ref left, RecordDefect.InvalidKeyLength);
        if (defect == RecordDefect.None) defect = ReadInt(out layout.ValueLength, ref left);
        if (defect == RecordDefect.None) defect = Skip(layout.ValueLength, ref left, RecordDefect.InvalidValueLength);
        if (defect == RecordDefect.None) defect = ReadInt(out layout.HeaderCount, ref left);
        if (defect != RecordDefect.None) return defect;
        if (layout.HeaderCount < 0 || layout.HeaderCount > left / 2) return RecordDefect.InvalidHeaderCount;

        for (int i = 0; i < layout.HeaderCount; i++)
        {
            defect = ReadInt(out int key, ref left);
            if (defect == RecordDefect.None && key < 0) return RecordDefect.InvalidHeaderKeyLength;
            if (defect == RecordDefect.None) defect = Skip(key, ref left, RecordDefect.InvalidHeaderKeyLength);
            int value = 0;
            if (defect == RecordDefect.None) defect = ReadInt(out value, ref left);
            if (defect == RecordDefect.None) defect = Skip(value, ref left, RecordDefect.InvalidHeaderValueLength);
            if (defect != RecordDefect.None) return defect;
        }

        return left == 0 ? RecordDefect.None : RecordDefect.SizeMismatch;
    }

    private RecordDefect ReadInt(out int value, ref long left)
    {
        Fill(LongestFields);
        var cursor = new RecordCursor(Window);
        if (!cursor.TryReadInt(out value) || cursor.Position > left) return FailureOr(RecordDefect.InvalidField);
        Consume(cursor.Position, ref left);
        return RecordDefect.None;
    }

    private RecordDefect Skip(int length, ref long left, RecordDefect tooLong)
    {
        if (length < 0) return length == -1 ? RecordDefect.None : tooLong;
        if (length > left) return tooLong;
        left -= length;
        while (length > 0)
        {
            if (!Fill(1)) return FailureOr(RecordDefect.TruncatedRecord);
            int count = Math.Min(length, _end - _start);
            _start += count;
            length -= count;
        }

        return RecordDefect.None;
    }

    private void Consume(int count, ref long left)
    {
        _start += count;
        left -= count;
    }

    /// <summary>Makes sure that the window holds this many bytes; false if the input ends before.</summary>
    private bool Fill(int count)
    {
        if (_end - _start >= count) return true;
        if (_window.Length - _start < count || _start == _end)
        {
            Window.CopyTo(_window);
            _end -= _start;
            _start = 0;
        }

        while (_end - _start < count && _status == DecompressionStatus.More)
        {
            _status = _input.Read(_window.AsSpan(_end), out int written);
            _end += written;
        }

        return _end - _start >= count;
    }

    private readonly RecordDefect FailureOr(RecordDefect otherwise)
    {
        RecordDefect failure = Failure();
        return failure == RecordDefect.None ? otherwise : failure;
    }

    private readonly RecordDefect Failure() => _status switch
    {
        DecompressionStatus.Corrupt => RecordDefect.CorruptCompression,
        DecompressionStatus.LimitExceeded => RecordDefect.OutputLimit,
        _ => RecordDefect.None,
    };
}
