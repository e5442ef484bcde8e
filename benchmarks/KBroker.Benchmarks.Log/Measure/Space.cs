using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Benchmarks.Log.Measure;

/// <summary>Disk space ahead of a file's end, as the log takes it.</summary>
internal static partial class Space
{
    private const int KeepSize = 1;

    public static void Allocate(SafeFileHandle file, long position, long length)
    {
        if (Allocate(file, KeepSize, position, length) != 0) throw new IOException("fallocate failed");
    }

    [LibraryImport("libc", EntryPoint = "fallocate64", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long position, long length);
}
