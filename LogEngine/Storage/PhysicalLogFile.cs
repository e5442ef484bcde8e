using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Storage;

/// <summary>A file of the operating system.</summary>
internal sealed unsafe class PhysicalLogFile(string path, SafeFileHandle handle) : ILogFile
{
    public string Path => path;

    public SafeFileHandle? Handle => handle;

    public long Length
    {
        get
        {
            try
            {
                return RandomAccess.GetLength(handle);
            }
            catch (IOException e)
            {
                throw new StorageException("size", path, e.Message, e);
            }
        }
    }

    public int Read(Span<byte> buffer, long position)
    {
        int total = 0;
        try
        {
            while (total < buffer.Length)
            {
                int read = RandomAccess.Read(handle, buffer[total..], position + total);
                if (read == 0) break;
                total += read;
            }
        }
        catch (IOException e)
        {
            throw new StorageException("read", path, e.Message, e);
        }

        return total;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        while (!bytes.IsEmpty)
        {
            nint written;
            fixed (byte* start = bytes) written = Libc.Write(handle, start, bytes.Length, position);
            if (written <= 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (written < 0 && errno == Libc.Eintr) continue;
                throw written < 0 ? new StorageException("write", path, errno) : new StorageException("write", path, "no byte was taken");
            }

            bytes = bytes[(int)written..];
            position += written;
        }
    }

    public void SetLength(long length)
    {
        while (Libc.Truncate(handle, length) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Libc.Eintr) throw new StorageException("truncate", path, errno);
        }
    }

    public bool Preallocate(long position, long length)
    {
        while (Libc.Allocate(handle, Libc.KeepSize, position, length) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Libc.Eintr) continue;
            var failure = new StorageException("allocate", path, errno);
            return failure.IsNoSpace || errno == Libc.Eio ? throw failure : false;
        }

        return true;
    }

    public void Flush()
    {
        // A failed flush is never tried again: the kernel may have dropped the pages, and a second call would say all is well. A call
        // that a signal broke off has not told of any failure, and the next one does.
        while (Libc.FlushData(handle) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Libc.Eintr) throw new StorageException("flush", path, errno);
        }
    }

    public void Dispose() => handle.Dispose();
}
