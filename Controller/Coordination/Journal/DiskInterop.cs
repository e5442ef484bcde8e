using System.Runtime.InteropServices;

namespace KBroker.Controller.Coordination.Journal;

/// <summary>
/// fsync with its result checked, for files and directories. Resolved through the main program, so that a preloaded
/// library sees the calls.
/// </summary>
internal static partial class DiskInterop
{
    private const int Eintr = 4;

    /// <summary>Makes a file durable, by its descriptor.</summary>
    public static void Sync(SafeHandle handle, string path)
    {
        if (Retry(() => Fsync(handle)) < 0) throw Failure("fsync", path);
    }

    /// <summary>Makes the names in a directory durable.</summary>
    public static void SyncDirectory(string path)
    {
        int descriptor = Retry(() => Open(path, flags: 0, mode: 0));
        if (descriptor < 0) throw Failure("open", path);
        int result = Retry(() => FsyncDescriptor(descriptor));
        IOException? failure = result < 0 ? Failure("fsync", path) : null;
        _ = Close(descriptor);
        if (failure is not null) throw failure;
    }

    private static int Retry(Func<int> call)
    {
        while (true)
        {
            int result = call();
            if (result >= 0 || Marshal.GetLastPInvokeError() != Eintr) return result;
        }
    }

    private static IOException Failure(string call, string path)
        => new($"{call} of {path} failed: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeHandle handle);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
