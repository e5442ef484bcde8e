using System.Globalization;
using System.Runtime.InteropServices;

namespace KBroker.LogEngine.Storage;

/// <summary>The disk failed: names the operation, the path and the system's error number.</summary>
public sealed class StorageException : IOException
{
    private const int NotFoundErrno = 2;
    internal const int NoSpaceErrno = 28;

    private const int QuotaErrno = 122;
    private const int NoMemoryErrno = 12;
    private const int TooManyFilesErrno = 23;
    private const int TooManyOwnFilesErrno = 24;

    /// <summary>A failed system call.</summary>
    public StorageException(string operation, string path, int errno)
        : base(string.Create(CultureInfo.InvariantCulture,
            $"{operation} of {path} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})"))
    {
        Operation = operation;
        Path = path;
        Errno = errno;
    }

    /// <summary>A failure found without an error number, or passed on from the runtime.</summary>
    public StorageException(string operation, string path, string reason, Exception? cause = null)
        : base($"{operation} of {path} failed: {reason}", cause)
    {
        Operation = operation;
        Path = path;
        Errno = cause is IOException { HResult: > 0 } io ? io.HResult : 0;
    }

    /// <summary>What was tried: <c>write</c>, <c>flush</c>, <c>rename</c>…</summary>
    public string Operation { get; }

    /// <summary>The file or directory.</summary>
    public string Path { get; }

    /// <summary>The system's error number; 0 if there is none.</summary>
    public int Errno { get; }

    /// <summary>
    /// Whether the disk or the quota is full. A flush that fails for want of space is no such case: what it was to bring to the
    /// disk may be lost.
    /// </summary>
    public bool IsNoSpace => Errno is NoSpaceErrno or QuotaErrno && !IsFlush;

    /// <summary>
    /// Whether the failure can pass and says nothing against the disk: no space, or no handles or memory left to open a file with.
    /// </summary>
    public bool MayPass => IsNoSpace || IsOutOfHandles || (IsOpen && Errno == NoMemoryErrno);

    /// <summary>Whether a file could not be opened because the process or the system has too many open.</summary>
    public bool IsOutOfHandles => IsOpen && Errno is TooManyFilesErrno or TooManyOwnFilesErrno;

    /// <summary>Whether there is no such file or directory.</summary>
    public bool IsNotFound => Errno == NotFoundErrno;

    /// <summary>Whether bytes or names that the system had taken did not reach the disk.</summary>
    internal bool IsFlush => Operation.StartsWith("flush", StringComparison.Ordinal);

    private bool IsOpen =>
        Operation.StartsWith("open", StringComparison.Ordinal) || Operation.StartsWith("create", StringComparison.Ordinal);
}
