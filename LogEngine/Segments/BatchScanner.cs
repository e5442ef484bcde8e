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
    /// <summary>The bytes that a read takes where nothing else is known; twice the usual <c>index.interval.bytes</c>.</summary>
    public const int Window = 8192;

    /// <summary>The most bytes that one read takes.</summary>
    public const int LargestRead = 32 * 1024;

    private const int PageSize = 4096;

    /// <summary>A read of little more than a header, where nothing else near it is of interest.</summary>
    public const int HeaderRead = 128;

    private readonly ILogFile _file;
    private readonly int _limit;
    private readonly byte[] _buffer;
    private int _bufferStart;
    private int _bufferLength;
    private int _next;
    private int _nextRead;

    public BatchScanner(ILogFile file, int position, int limit)
    {
        _file = file;
        _limit = limit;
        _next = position;
        _buffer = ArrayPool<byte>.Shared.Rent(LargestRead);
    }

    /// <summary>Where the range ends.</summary>
    public readonly int Limit => _limit;

    /// <summary>Where the current batch starts.</summary>
    public int Position { get; private set; }

    public BatchHeader Header { get; private set; }

    /// <summary>Where the next batch would start.</summary>
    public readonly int NextPosition => _next;

    /// <summary>Goes on from another place, whose first read takes this many bytes; 0 for as many as there is room.</summary>
    public void Restart(int position, int read)
    {
        _next = position;
        _nextRead = Math.Min(read, LargestRead);
    }

    public ScanStatus MoveNext()
    {
        if (_next >= _limit) return ScanStatus.EndOfSegment;
        ReadOnlySpan<byte> bytes = Peek(_next, BatchHeader.MaxHeaderSize, _nextRead);
        if (!BatchHeader.TryParse(bytes, out BatchHeader header) || header.SizeInBytes > _limit - _next) return ScanStatus.Malformed;
        Header = header;
        Position = _next;
        _next += header.SizeInBytes;
        _nextRead = header.SizeInBytes < Window ? 0 : HeaderRead;
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

    /// <summary>
    /// What lies at a position: at least <paramref name="wanted"/> bytes where the range holds as many. Valid until the next call.
    /// </summary>
    public ReadOnlySpan<byte> Peek(int position, int wanted, int most = 0)
    {
        if (position < _bufferStart || position + Math.Min(wanted, _limit - position) > _bufferStart + _bufferLength)
        {
            // Where nothing else is known, a read ends with a page of the cache: each that it touches has its price.
            if (most < wanted) most = Window - (position & (PageSize - 1));
            _bufferStart = position;
            _bufferLength = _file.Read(_buffer.AsSpan(0, Math.Min(most, _limit - position)), position);
        }

        return _buffer.AsSpan(position - _bufferStart, _bufferLength - (position - _bufferStart));
    }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
