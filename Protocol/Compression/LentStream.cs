namespace KBroker.Protocol.Compression;

/// <summary>A read-only stream over memory that belongs to somebody else and is there only until it is taken back.</summary>
internal sealed unsafe class LentStream : Stream
{
    private byte* _start;
    private int _length;
    private int _taken;

    /// <summary>Whether anything was ever read.</summary>
    public bool WasRead { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Lends memory that stays where it is until <see cref="TakeBack"/>.</summary>
    public void Lend(byte* start, int length)
    {
        _start = start;
        _length = length;
        _taken = 0;
    }

    /// <summary>Ends the loan; returns how many bytes were read.</summary>
    public int TakeBack()
    {
        _start = null;
        _length = 0;
        return _taken;
    }

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _length - _taken);
        if (count <= 0) return 0;
        new ReadOnlySpan<byte>(_start + _taken, count).CopyTo(buffer);
        _taken += count;
        WasRead = true;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
