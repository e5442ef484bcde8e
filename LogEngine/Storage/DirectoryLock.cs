using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Storage;

/// <summary>
/// The advisory lock of a log directory. An open-file-description record lock meets both the POSIX locks that a JVM takes and
/// another holder within this process; where the kernel lacks it, flock stands in.
/// </summary>
internal static class DirectoryLock
{
    private const int ExclusiveNonBlocking = 2 | 4;

    public static bool TryTake(SafeFileHandle handle, out int errno)
    {
        var whole = new Libc.FileLock { Type = Libc.WriteLock };
        errno = 0;
        if (Libc.Control(handle, Libc.SetOpenFileLock, ref whole) == 0) return true;
        errno = Marshal.GetLastPInvokeError();
        if (errno != Libc.Einval) return false;
        if (Libc.Lock(handle, ExclusiveNonBlocking) == 0) return true;
        errno = Marshal.GetLastPInvokeError();
        return false;
    }
}
