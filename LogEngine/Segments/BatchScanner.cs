using System.Buffers;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>How a scan over batch headers ended.</summary>
internal enum ScanStatus
{
    Found,
    EndOfSegment,
    Malformed,
}

/// <summary>
/// Walks batch headers in a file range through a small pooled buffer. A batch that starts before the limit but ends after it
/// counts as malformed: published sizes end on batch borders.
/// </summary>
internal ref struct BatchScanner
{
    private const int BufferSize = 4096;

    private readonly ILogFile _file;
    private readonly int _limit;
    private readonly byte[] _buffer;
    private int _bufferStart;
    private int _bufferLength;
    private int _next;

    public BatchScanner(ILogFile file, int position, int limit)
    {
        _file = file;
        _limit = limit;
        _next = position;
        _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    }

    /// <summary>Where the current batch starts.</summary>
    public int Position { get; private set; }

    public BatchHeader Header { get; private set; }

    /// <summary>Where the next batch would start.</summary>
    public readonly int NextPosition => _next;

    public ScanStatus MoveNext()
    {
        if (_next >= _limit) return ScanStatus.EndOfSegment;
        if (_next < _bufferStart || _next + BatchHeader.MaxHeaderSize > _bufferStart + _bufferLength)
        {
            _bufferStart = _next;
            _bufferLength = _file.Read(_buffer.AsSpan(0, Math.Min(_buffer.Length, _limit - _next)), _next);
        }

        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_next - _bufferStart, _bufferLength - (_next - _bufferStart));
        if (!BatchHeader.TryParse(bytes, out BatchHeader header) || header.SizeInBytes > _limit - _next) return ScanStatus.Malformed;
        Header = header;
        Position = _next;
        _next += header.SizeInBytes;
        return ScanStatus.Found;
    }

    /// <summary>Moves on to the first batch whose last offset is <paramref name="offset"/> or later.</summary>
    public ScanStatus MoveTo(long offset)
    {
        while (true)
        {
            ScanStatus status = MoveNext();
            if (status != ScanStatus.Found || Header.LastOffset >= offset) return status;
        }
    }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
