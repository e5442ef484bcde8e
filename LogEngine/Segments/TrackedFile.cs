using KBroker.LogEngine.Storage;
using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// A segment's open file that knows whether a flush has covered all its writes. Until then it has to stay open: the system tells a
/// failed write-back to who flushes a descriptor that was open then, and may tell nobody once none is. One writer at a time.
/// </summary>
internal sealed class TrackedFile(ILogFile file) : ILogFile
{
    private long _changes;
    private long _flushed;

    public string Path => file.Path;

    public long Length => file.Length;

    public SafeFileHandle? Handle => file.Handle;

    public bool IsClean => Volatile.Read(ref _flushed) == Volatile.Read(ref _changes);

    public int Read(Span<byte> buffer, long position) => file.Read(buffer, position);

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        BeginChange();
        try
        {
            file.Write(bytes, position);
        }
        finally
        {
            EndChange();
        }
    }

    public void SetLength(long length)
    {
        // Space that was held past the end goes back; what is in the file stays as it is.
        if (file.Length == length)
        {
            file.SetLength(length);
            return;
        }

        BeginChange();
        try
        {
            file.SetLength(length);
        }
        finally
        {
            EndChange();
        }
    }

    public bool Preallocate(long position, long length) => file.Preallocate(position, length);

    public void Flush()
    {
        long covered = Volatile.Read(ref _changes);
        file.Flush();
        long seen = Volatile.Read(ref _flushed);
        while (seen < covered)
        {
            long found = Interlocked.CompareExchange(ref _flushed, covered, seen);
            if (found == seen) return;
            seen = found;
        }
    }

    public void Dispose() => file.Dispose();

    private void BeginChange() => Volatile.Write(ref _changes, _changes + 1);

    // Once more: a flush that came in between may have found nothing of the change yet.
    private void EndChange() => Volatile.Write(ref _changes, _changes + 1);
}
