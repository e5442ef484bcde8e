namespace KBroker.LogEngine.Segments;

/// <summary>
/// A segment's end offset and size as one value: one writer, any number of readers without a lock. The version is odd while a
/// write is under way; a reader that saw it change reads again.
/// </summary>
internal sealed class SegmentEnd(long offset, int size)
{
    private long _offset = offset;
    private int _size = size;
    private int _version;

    public (long Offset, int Size) Read()
    {
        var wait = new SpinWait();
        while (true)
        {
            int version = Volatile.Read(ref _version);
            long offset = Volatile.Read(ref _offset);
            int size = Volatile.Read(ref _size);
            Interlocked.MemoryBarrier();
            if ((version & 1) == 0 && version == _version) return (offset, size);
            wait.SpinOnce();
        }
    }

    public void Publish(long offset, int size)
    {
        Volatile.Write(ref _version, _version + 1);
        Interlocked.MemoryBarrier();
        _offset = offset;
        _size = size;
        Volatile.Write(ref _version, _version + 1);
    }
}
