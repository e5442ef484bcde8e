namespace KBroker.Cli.Commands;

/// <summary>
/// Splits a stream of bytes at line feeds. Lines are bytes, not text: nothing is decoded, a carriage return stays. Memory is
/// bounded: what is longer than allowed is skipped up to its end.
/// </summary>
/// <param name="input">The stream; stays the caller's.</param>
/// <param name="maxLength">The longest line, in bytes without the line feed.</param>
public sealed class LineReader(Stream input, int maxLength)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private int _scanned;
    private bool _isEnded;

    /// <summary>The line, without its line feed; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>The number of the line, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Reads the next line; the last one need not end in a line feed.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public ValueTask<LineOutcome> ReadAsync(CancellationToken cancellation) =>
        TryTake() ? ValueTask.FromResult(LineOutcome.Line) : ReadMoreAsync(cancellation);

    private bool TryTake()
    {
        int length = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
        if (length < 0)
        {
            _scanned = _end;
            return false;
        }

        int lineEnd = _scanned + length;
        if (lineEnd - _start > maxLength) return false;
        Take(lineEnd, lineEnd + 1);
        return true;
    }

    private async ValueTask<LineOutcome> ReadMoreAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (TryTake()) return LineOutcome.Line;
            if (_scanned - _start > maxLength || _scanned < _end) return await SkipAsync(cancellation);
            if (!await FillAsync(cancellation))
            {
                if (_start == _end) return LineOutcome.End;
                Take(_end, _end);
                return LineOutcome.Line;
            }
        }
    }

    /// <summary>Drops a line that is too long, up to and with its line feed.</summary>
    private async ValueTask<LineOutcome> SkipAsync(CancellationToken cancellation)
    {
        Number++;
        Line = default;
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                _start = _scanned = _start + length + 1;
                return LineOutcome.TooLong;
            }

            _start = _scanned = _end = 0;
            if (!await FillAsync(cancellation)) return LineOutcome.TooLong;
        }
    }

    private void Take(int lineEnd, int next)
    {
        Line = _buffer.AsMemory(_start, lineEnd - _start);
        Number++;
        _start = _scanned = next;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_isEnded) return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _scanned -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, _buffer.Length * 2L));
        // A read of standard input cannot be cancelled, only left behind.
        int read = await input.ReadAsync(_buffer.AsMemory(_end), cancellation).AsTask().WaitAsync(cancellation);
        _end += read;
        _isEnded = read == 0;
        return read > 0;
    }
}
