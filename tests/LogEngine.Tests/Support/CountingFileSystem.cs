using KBroker.LogEngine.Storage;
using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>Passes everything on and counts what is open.</summary>
internal sealed class CountingFileSystem(ILogFileSystem inner) : ILogFileSystem
{
    private readonly Lock _lock = new();
    private readonly HashSet<CountedFile> _open = [];

    /// <summary>Open <c>.log</c> files.</summary>
    public int OpenLogs
    {
        get
        {
            lock (_lock) return _open.Count(file => file.IsLog);
        }
    }

    /// <summary>The most <c>.log</c> files that were open at once.</summary>
    public int MostLogs { get; private set; }

    /// <summary>Calls of open and create.</summary>
    public int Opens { get; private set; }

    /// <summary>Throws instead of opening.</summary>
    public Action<string>? BeforeOpen { get; set; }

    /// <summary>Called before every read of a file.</summary>
    public Action<string>? BeforeRead { get; set; }

    public void ForgetCounts() => (MostLogs, Opens) = (OpenLogs, 0);

    public ILogFile Open(string path)
    {
        BeforeOpen?.Invoke(path);
        return Counted(inner.Open(path));
    }

    public ILogFile CreateNew(string path)
    {
        BeforeOpen?.Invoke(path);
        return Counted(inner.CreateNew(path));
    }

    public bool FileExists(string path) => inner.FileExists(path);

    public bool DirectoryExists(string path) => inner.DirectoryExists(path);

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public IReadOnlyList<LogFileEntry> List(string directory) => inner.List(directory);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void DeleteFile(string path) => inner.DeleteFile(path);

    public void DeleteDirectory(string path) => inner.DeleteDirectory(path);

    public void FlushDirectory(string path) => inner.FlushDirectory(path);

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    public long LastModifiedMs(string path) => inner.LastModifiedMs(path);

    public void SetLastModifiedMs(string path, long milliseconds) => inner.SetLastModifiedMs(path, milliseconds);

    public long FreeSpace(string directory) => inner.FreeSpace(directory);

    private CountedFile Counted(ILogFile file)
    {
        var counted = new CountedFile(this, file);
        lock (_lock)
        {
            _open.Add(counted);
            Opens++;
            if (counted.IsLog) MostLogs = Math.Max(MostLogs, _open.Count(one => one.IsLog));
        }

        return counted;
    }

    private void Closed(CountedFile file)
    {
        lock (_lock) _open.Remove(file);
    }

    private sealed class CountedFile(CountingFileSystem owner, ILogFile file) : ILogFile
    {
        public bool IsLog { get; } = file.Path.EndsWith(".log", StringComparison.Ordinal);

        public string Path => file.Path;

        public long Length => file.Length;

        public SafeFileHandle? Handle => file.Handle;

        public int Read(Span<byte> buffer, long position)
        {
            owner.BeforeRead?.Invoke(file.Path);
            return file.Read(buffer, position);
        }

        public void Write(ReadOnlySpan<byte> bytes, long position) => file.Write(bytes, position);

        public void SetLength(long length) => file.SetLength(length);

        public bool Preallocate(long position, long length) => file.Preallocate(position, length);

        public void Flush() => file.Flush();

        public void Dispose()
        {
            owner.Closed(this);
            file.Dispose();
        }
    }
}
