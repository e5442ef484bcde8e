namespace KBroker.LogEngine.Storage;

/// <summary>An entry of a directory.</summary>
/// <param name="Name">Its name, without the directory's.</param>
/// <param name="IsDirectory">Whether it is a directory itself; a symbolic link to one is none.</param>
/// <param name="Length">The size in bytes, 0 for a directory.</param>
/// <param name="IsLink">Whether it is a symbolic link, which the log does not follow.</param>
public readonly record struct LogFileEntry(string Name, bool IsDirectory, long Length, bool IsLink = false);

/// <summary>
/// The disk as the log sees it: the seam for crash and fault tests. Every failure is a <see cref="StorageException"/>. A
/// create, rename or delete is durable once the directory that holds the name is flushed.
/// </summary>
public interface ILogFileSystem
{
    /// <summary>Opens an existing file for reading and writing.</summary>
    ILogFile Open(string path);

    /// <summary>Creates a file that must not exist. (Truncating an existing one makes ext4 flush it when it is closed.)</summary>
    ILogFile CreateNew(string path);

    /// <summary>Whether a file has this name. Where the disk does not tell, that is a failure.</summary>
    bool FileExists(string path);

    /// <summary>Whether a directory has this name. Where the disk does not tell, that is a failure.</summary>
    bool DirectoryExists(string path);

    /// <summary>Creates the directory and its missing parents, for this user alone (mode 0700); no error if it exists.</summary>
    void CreateDirectory(string path);

    /// <summary>The entries of a directory, in no order. A symbolic link is never listed as a directory: the log does not follow it.</summary>
    IReadOnlyList<LogFileEntry> List(string directory);

    /// <summary>Renames a file or directory; an existing file of the new name is replaced in one step.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file; no error if there is none. Open handles stay usable.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes a directory with all it holds; no error if there is none.</summary>
    void DeleteDirectory(string path);

    /// <summary>Returns when the names in the directory are on the disk (fsync of the directory).</summary>
    void FlushDirectory(string path);

    /// <summary>Takes the advisory lock on a file, creating it; null when another holder has it. Disposing lets it go.</summary>
    IDisposable? TryLock(string path);

    /// <summary>When a file was last written to, in milliseconds since the epoch.</summary>
    long LastModifiedMs(string path);

    /// <summary>Sets when a file was last changed, in milliseconds since the epoch.</summary>
    void SetLastModifiedMs(string path, long milliseconds);

    /// <summary>The bytes an unprivileged process can still write to the file system of this directory.</summary>
    long FreeSpace(string directory);

    /// <summary>The size in bytes of the file system of this directory; -1 where that is not known.</summary>
    long TotalSpace(string directory) => -1;
}
