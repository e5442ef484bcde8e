using System.Buffers;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Compaction;

/// <summary>
/// Reads the batches of a segment one after the other in large pieces. A batch larger than the buffer makes it grow to the batch's
/// size, which is no more than the segment holds.
/// </summary>
internal sealed class BatchSource(int bufferSize, CleanerPace pace) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(bufferSize);
    private LogSegment? _segment;
    private ILogFile? _file;
    private int _size;
    private int _bufferStart;
    private int _bufferLength;
    private long _lastOffset;

    /// <summary>Where the next batch starts.</summary>
    public int Position { get; private set; }

    /// <summary>Goes to the start of a segment as it is now.</summary>
    /// <exception cref="CleaningAbortedException">The segment is gone.</exception>
    public void Open(LogSegment segment)
    {
        Close();
        if (!segment.File.TryAcquire(out ILogFile file)) throw new CleaningAbortedException();
        _segment = segment;
        _file = file;
        _size = segment.Size;
        _bufferStart = _bufferLength = Position = 0;
        _lastOffset = segment.BaseOffset - 1;
    }

    /// <summary>The next whole batch, valid until the next call; false at the segment's end.</summary>
    /// <exception cref="UncleanableLogException">The bytes are no batch that can follow.</exception>
    public bool TryRead(out BatchHeader header, out ReadOnlySpan<byte> batch)
    {
        header = default;
        batch = default;
        if (Position == _size) return false;
        if (!BatchHeader.TryParse(Peek(BatchHeader.MaxHeaderSize), out header) || header.SizeInBytes > _size - Position
            || header.BaseOffset <= _lastOffset || !_segment!.CanHold(header.LastOffset))
        {
            throw new UncleanableLogException($"{_segment!.File.Path} holds no batch that can follow at position {Position}");
        }

        batch = Peek(header.SizeInBytes)[..header.SizeInBytes];
        Position += header.SizeInBytes;
        _lastOffset = header.LastOffset;
        return true;
    }

    public void Dispose()
    {
        Close();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Close()
    {
        if (_file is not null) _segment!.File.Release();
        _file = null;
    }

    private ReadOnlySpan<byte> Peek(int wanted)
    {
        wanted = Math.Min(wanted, _size - Position);
        if (Position < _bufferStart || Position + wanted > _bufferStart + _bufferLength) Fill(wanted);
        return _buffer.AsSpan(Position - _bufferStart, _bufferLength - (Position - _bufferStart));
    }

    private void Fill(int wanted)
    {
        int size = Math.Max(wanted, bufferSize);
        if (_buffer.Length < wanted || (_buffer.Length > 2 * bufferSize && size == bufferSize))
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(size);
        }

        int count = Math.Min(size, _size - Position);
        pace.Spend(count);
        _bufferStart = Position;
        _bufferLength = _file!.Read(_buffer.AsSpan(0, count), Position);
        if (_bufferLength < count) throw new CleaningAbortedException();
    }
}
