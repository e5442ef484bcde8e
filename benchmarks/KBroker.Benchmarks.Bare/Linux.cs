using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Benchmarks.Bare;

/// <summary>The system calls that the runtime does not offer as such.</summary>
internal static partial class Linux
{
    private const int KeepSize = 1;
    private const int MsgMore = 0x8000;

    public static void Reserve(SafeFileHandle file, long offset, long length)
    {
        if (FAllocate(file, KeepSize, offset, length) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    public static void SendMore(SafeSocketHandle socket, ReadOnlySpan<byte> bytes)
    {
        if (Send(socket, bytes, bytes.Length, MsgMore) != bytes.Length) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    public static void SendFile(SafeSocketHandle socket, SafeFileHandle file, long offset, long count)
    {
        while (count > 0)
        {
            nint sent = SendFileCall(socket, file, ref offset, (nint)count);
            if (sent <= 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
            count -= sent;
        }
    }

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle fd, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeSocketHandle fd, ReadOnlySpan<byte> bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    private static partial nint SendFileCall(SafeSocketHandle to, SafeFileHandle from, ref long offset, nint count);
}
