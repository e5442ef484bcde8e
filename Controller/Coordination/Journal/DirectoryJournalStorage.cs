using Microsoft.Win32.SafeHandles;

namespace KBroker.Controller.Coordination.Journal;

/// <summary>
/// The files of the embedded coordination store in a directory, held by one process at a time. Besides the journal and the
/// snapshot there is a lock file; all are regular files, which Kafka ignores in a log directory.
/// </summary>
public sealed class DirectoryJournalStorage : IJournalStorage
{
    private const string LockName = "kbroker-coordination.lock";
    private readonly string _directory;
    private readonly SafeFileHandle _lock;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="IOException">The directory does not exist, or another process has the lock.</exception>
    public DirectoryJournalStorage(string directory)
    {
        _directory = Path.GetFullPath(directory);
        try
        {
            _lock = File.OpenHandle(
                Path.Combine(_directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new IOException(
                $"{Path.Combine(_directory, LockName)} cannot be locked ({e.Message}); is another broker using this directory?", e);
        }
    }

    /// <inheritdoc/>
    public string Describe(string name) => Path.Combine(_directory, name);

    /// <inheritdoc/>
    public byte[]? Read(string name)
    {
        string path = Describe(name);
        return File.Exists(path) ? File.ReadAllBytes(path) : null;
    }

    /// <inheritdoc/>
    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        using SafeFileHandle file = Open(name, FileMode.OpenOrCreate);
        RandomAccess.Write(file, bytes, RandomAccess.GetLength(file));
    }

    /// <inheritdoc/>
    public void Truncate(string name, long length)
    {
        using SafeFileHandle file = Open(name, FileMode.Open);
        RandomAccess.SetLength(file, length);
    }

    /// <inheritdoc/>
    public void Sync(string name)
    {
        using SafeFileHandle file = Open(name, FileMode.Open);
        DiskInterop.Sync(file, Describe(name));
    }

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(Describe(from), Describe(to), overwrite: true);

    /// <inheritdoc/>
    public void SyncDirectory() => DiskInterop.SyncDirectory(_directory);

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _lock.Dispose();

    private SafeFileHandle Open(string name, FileMode mode)
        => File.OpenHandle(Describe(name), mode, FileAccess.Write, FileShare.ReadWrite);
}
