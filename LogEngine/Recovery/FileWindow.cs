using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Recovery;

/// <summary>A buffer that slides over a file, so that a scan reads it once and in large pieces.</summary>
internal ref struct FileWindow(ILogFile file, byte[] buffer, long fileLength)
{
    private long _start;
    private int _length;

    public readonly long FileLength => fileLength;

    /// <summary>
    /// What lies at a position: at least <paramref name="wanted"/> bytes where the file and the buffer hold as many. Valid until
    /// the next call.
    /// </summary>
    public ReadOnlySpan<byte> Peek(long position, int wanted)
    {
        long until = Math.Min(position + Math.Min(wanted, buffer.Length), fileLength);
        if (position < _start || until > _start + _length)
        {
            _start = position;
            _length = file.Read(buffer.AsSpan(0, (int)Math.Clamp(fileLength - position, 0, buffer.Length)), position);
        }

        int offset = (int)(position - _start);
        return offset >= _length ? default : buffer.AsSpan(offset, _length - offset);
    }
}
