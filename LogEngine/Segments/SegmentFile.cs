using System.Diagnostics;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// The counted handle of a segment's <c>.log</c> file. It opens on first use; the segment holds one reference, every slice in
/// use another, and the last one to let go closes it. Deleting or renaming the file does not disturb holders.
/// </summary>
internal sealed class SegmentFile(ILogFileSystem fileSystem, string path, ILogFile? open = null)
{
    private readonly Lock _opening = new();
    private ILogFile? _file = open;
    private int _references = 1;

    public string Path { get; private set; } = path;

    /// <summary>Takes a reference; false once the segment and all holders have let go.</summary>
    public bool TryAcquire(out ILogFile file)
    {
        int count = Volatile.Read(ref _references);
        while (count > 0)
        {
            int seen = Interlocked.CompareExchange(ref _references, count + 1, count);
            if (seen != count)
            {
                count = seen;
                continue;
            }

            try
            {
                file = Volatile.Read(ref _file) ?? OpenOnce();
                return true;
            }
            catch
            {
                Release();
                throw;
            }
        }

        file = null!;
        return false;
    }

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Debug.Assert(left >= 0, "a segment file is released more often than it is acquired");
        if (left == 0) Volatile.Read(ref _file)?.Dispose();
    }

    /// <summary>Renames the file; open handles follow it.</summary>
    public void Rename(string path)
    {
        lock (_opening)
        {
            fileSystem.Rename(Path, path);
            Path = path;
        }
    }

    /// <summary>The file's directory has a new name.</summary>
    public void Relocate(string path)
    {
        lock (_opening) Path = path;
    }

    private ILogFile OpenOnce()
    {
        lock (_opening)
        {
            if (_file is null) Volatile.Write(ref _file, fileSystem.Open(Path));
            return _file!;
        }
    }
}
