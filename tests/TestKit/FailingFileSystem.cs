using System.Collections.Immutable;
using KBroker.LogEngine.Storage;
using Microsoft.Win32.SafeHandles;

namespace KBroker.TestKit;

/// <summary>The real disk, on which writes below chosen directories fail with a system error, or flushes take long, from a moment on.</summary>
public sealed class FailingFileSystem(ILogFileSystem disk) : ILogFileSystem
{
    private const int InputOutputError = 5;
    private const int NoSpaceLeft = 28;

    private ImmutableHashSet<string> _failing = [];
    private readonly object _flushes = new();
    private bool _holding;
    private int _held;
    private volatile int _errno;
    // A handle that nothing can be sent from.
    private readonly SafeFileHandle _blind = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
    private volatile string? _unreadable;
    private volatile int _readable;
    private volatile bool _onlyFlushes;

    public FailingFileSystem()
        : this(new PhysicalLogFileSystem())
    {
    }

    /// <summary>What the disk says is free; null for the truth.</summary>
    public long? Free { get; set; }

    public void FailWritesBelow(string directory) => Fail(directory, InputOutputError);

    /// <summary>Reads of more than so many bytes fail, and what is sent without being read.</summary>
    public void FailReadsBelow(string directory, int readable = 0)
    {
        _readable = readable;
        _unreadable = directory;
    }

    public void FillUp(string directory) => Fail(directory, NoSpaceLeft);

    public void FailFlushesBelow(string directory)
    {
        _onlyFlushes = true;
        Fail(directory, InputOutputError);
    }

    /// <summary>Flushes of segments do not end until <see cref="ReleaseFlushes"/>.</summary>
    public void HoldFlushes()
    {
        lock (_flushes) _holding = true;
    }

    /// <summary>How many flushes are held.</summary>
    public int HeldFlushes => Volatile.Read(ref _held);

    public void ReleaseFlushes()
    {
        lock (_flushes)
        {
            _holding = false;
            Monitor.PulseAll(_flushes);
        }
    }

    public void Recover()
    {
        _failing = [];
        _unreadable = null;
    }

    public ILogFile Open(string path) => new FailingFile(this, disk.Open(path));

    public ILogFile CreateNew(string path) => new FailingFile(this, disk.CreateNew(path));

    public bool FileExists(string path) => disk.FileExists(path);

    public bool DirectoryExists(string path) => disk.DirectoryExists(path);

    public void CreateDirectory(string path)
    {
        Check("create", path);
        disk.CreateDirectory(path);
    }

    public IReadOnlyList<LogFileEntry> List(string directory) => disk.List(directory);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void DeleteFile(string path) => disk.DeleteFile(path);

    public void DeleteDirectory(string path) => disk.DeleteDirectory(path);

    public void FlushDirectory(string path) => disk.FlushDirectory(path);

    public IDisposable? TryLock(string path) => disk.TryLock(path);

    public long LastModifiedMs(string path) => disk.LastModifiedMs(path);

    public void SetLastModifiedMs(string path, long milliseconds) => disk.SetLastModifiedMs(path, milliseconds);

    public long FreeSpace(string directory) => Free ?? disk.FreeSpace(directory);

    public long TotalSpace(string directory) => disk.TotalSpace(directory);

    private void WaitWhileHeld()
    {
        lock (_flushes)
        {
            _held++;
            while (_holding) Monitor.Wait(_flushes);
            _held--;
        }
    }

    private void Fail(string directory, int errno)
    {
        _errno = errno;
        ImmutableInterlocked.Update(ref _failing, static (all, one) => all.Add(one), directory);
    }

    private bool IsUnreadable(string path) => _unreadable is { } directory && path.StartsWith(directory, StringComparison.Ordinal);

    private void CheckRead(string path, int length)
    {
        if (length > _readable && IsUnreadable(path)) throw new StorageException("read", path, InputOutputError);
    }

    private void Check(string operation, string path)
    {
        if (_onlyFlushes && operation != "flush") return;
        if (Volatile.Read(ref _failing).Any(one => path.StartsWith(one, StringComparison.Ordinal))) throw new StorageException(operation, path, _errno);
    }

    private sealed class FailingFile(FailingFileSystem owner, ILogFile file) : ILogFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public SafeFileHandle? Handle => owner.IsUnreadable(Path) ? owner._blind : file.Handle;

        public int Read(Span<byte> buffer, long position)
        {
            owner.CheckRead(Path, buffer.Length);
            return file.Read(buffer, position);
        }

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            owner.Check("write", Path);
            file.Write(bytes, position);
        }

        public void SetLength(long length) => file.SetLength(length);

        public bool Preallocate(long position, long length) => file.Preallocate(position, length);

        public void Flush()
        {
            if (Path.EndsWith(".log", StringComparison.Ordinal)) owner.WaitWhileHeld();
            owner.Check("flush", Path);
            file.Flush();
        }

        public void Dispose() => file.Dispose();
    }
}
