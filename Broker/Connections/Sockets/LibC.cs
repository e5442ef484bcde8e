using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Broker.Connections.Sockets;

/// <summary>The few system calls the transport makes itself. The runtime resolves "libc" to the C library it already uses.</summary>
internal static partial class LibC
{
    internal const int ErrorInterrupted = 4;
    internal const int ErrorAgain = 11;
    internal const int ErrorInvalid = 22;

    internal const int SendMoreFollows = 0x8000;
    internal const int SendDoNotWait = 0x40;
    internal const int SendNoSignal = 0x4000;

    internal const int ProtectReadWrite = 0x3;
    internal const int MapPrivateAnonymous = 0x22;
    internal const int MapNoReserve = 0x4000;
    internal const int AdviseNoHugePage = 15;

    /// <summary>Sends from memory, with flags that <c>Socket</c> does not pass on; returns the bytes sent, or -1.</summary>
    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(SafeHandle socket, ReadOnlySpan<byte> bytes, nuint count, int flags);

    /// <summary>Sends from the page cache; advances <paramref name="offset"/> and returns the bytes sent, or -1.</summary>
    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    internal static partial nint SendFile(SafeHandle socket, SafeFileHandle file, ref long offset, nuint count);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint MemoryMap(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int MemoryUnmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    internal static partial int MemoryAdvise(nint address, nuint length, int advice);
}
