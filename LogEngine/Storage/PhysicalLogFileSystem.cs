using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Storage;

/// <summary>The file system of a Linux host, with every flush checked.</summary>
public sealed class PhysicalLogFileSystem : ILogFileSystem
{
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string InDirectory = "/.";
    private const int FileMode = (int)(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

    /// <inheritdoc/>
    public ILogFile Open(string path) => new PhysicalLogFile(path, OpenHandle("open", path, 0));

    /// <inheritdoc/>
    public ILogFile CreateNew(string path) =>
        new PhysicalLogFile(path, OpenHandle("create", path, Libc.Create | Libc.Exclusive));

    /// <inheritdoc/>
    public bool FileExists(string path)
    {
        if (Look(path, Libc.NoFollow) != 0) return false;
        // A link to nothing has the name all the same: to open it fails.
        return Look(path + InDirectory, 0) != 0;
    }

    /// <inheritdoc/>
    public bool DirectoryExists(string path) => path.Length > 0 && Look(path + InDirectory, 0) == 0;

    /// <inheritdoc/>
    public void CreateDirectory(string path) => Checked("create directory", path, () =>
        OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : Directory.CreateDirectory(path, DirectoryMode));

    /// <inheritdoc/>
    public IReadOnlyList<LogFileEntry> List(string directory) => Checked("list", directory, () =>
    {
        var entries = new List<LogFileEntry>();
        foreach (FileSystemInfo info in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            bool isLink = (info.Attributes & FileAttributes.ReparsePoint) != 0;
            bool isDirectory = (info.Attributes & FileAttributes.Directory) != 0 && !isLink;
            entries.Add(new LogFileEntry(info.Name, isDirectory, info is FileInfo { Exists: true } file ? file.Length : 0, isLink));
        }

        return entries;
    });

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        if (Libc.Rename(from, to) != 0) throw new StorageException($"rename to {to}", from, Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public void DeleteFile(string path)
    {
        if (Libc.Unlink(path) == 0) return;
        int errno = Marshal.GetLastPInvokeError();
        if (errno != Libc.Enoent) throw new StorageException("delete", path, errno);
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path) => Checked("delete directory", path, () =>
    {
        if (DirectoryExists(path)) Directory.Delete(path, recursive: true);
        return true;
    });

    /// <inheritdoc/>
    public void FlushDirectory(string path)
    {
        int descriptor = Libc.Open(path, Libc.CloseOnExec, 0);
        if (descriptor < 0) throw new StorageException("open directory", path, Marshal.GetLastPInvokeError());
        int result;
        int errno = 0;
        do
        {
            result = Libc.Flush(descriptor);
            if (result != 0) errno = Marshal.GetLastPInvokeError();
        }
        while (result != 0 && errno == Libc.Eintr);

        // Closing writes nothing: what there was to tell, the flush has told.
        _ = Libc.Close(descriptor);
        if (result != 0) throw new StorageException("flush directory", path, errno);
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string path)
    {
        SafeFileHandle handle = OpenHandle("open", path, Libc.Create);
        if (DirectoryLock.TryTake(handle, out int errno)) return handle;
        handle.Dispose();
        return errno is Libc.Eagain or Libc.Eacces ? null : throw new StorageException("lock", path, errno);
    }

    /// <inheritdoc/>
    public long LastModifiedMs(string path) => Checked("last change", path, () =>
        new DateTimeOffset(File.GetLastWriteTimeUtc(path)).ToUnixTimeMilliseconds());

    /// <inheritdoc/>
    public void SetLastModifiedMs(string path, long milliseconds) => Checked("set time", path, () =>
    {
        File.SetLastWriteTimeUtc(path, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).UtcDateTime);
        return true;
    });

    /// <inheritdoc/>
    public long FreeSpace(string directory) => Checked("free space", directory, () => new DriveInfo(directory).AvailableFreeSpace);

    /// <inheritdoc/>
    public long TotalSpace(string directory) => Checked("total space", directory, () => new DriveInfo(directory).TotalSize);

    /// <summary>0, or why there is no such name. That the system cannot tell does not mean that there is none.</summary>
    private static int Look(string path, int flags)
    {
        while (Libc.Access(Libc.WorkingDirectory, path, 0, flags) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno is Libc.Enoent or Libc.Enotdir) return errno;
            if (errno != Libc.Eintr) throw new StorageException("check", path, errno);
        }

        return 0;
    }

    private static SafeFileHandle OpenHandle(string operation, string path, int flags)
    {
        int descriptor = Libc.Open(path, Libc.ReadWrite | Libc.CloseOnExec | flags, FileMode);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new StorageException(operation, path, Marshal.GetLastPInvokeError());
    }

    private static T Checked<T>(string operation, string path, Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (e is (IOException and not StorageException) or UnauthorizedAccessException)
        {
            throw new StorageException(operation, path, e.Message, e);
        }
    }
}
