using KBroker.LogEngine.Storage;
using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>An open handle; a rename or delete of the name does not disturb it, the end of its process does.</summary>
internal sealed class MemoryFile(InMemoryLogFileSystem owner, string path, MemoryNode node, int process) : ILogFile
{
    private int _disposed;

    public static MemoryFile Open(InMemoryLogFileSystem owner, string path, MemoryNode node, int process)
    {
        owner.Opened();
        return new MemoryFile(owner, path, node, process);
    }

    public string Path => path;

    public long Length => owner.Locked(() => Checked().Length);

    public SafeFileHandle? Handle => null;

    public int Read(Span<byte> buffer, long position)
    {
        owner.Reading("read", path);
        lock (owner.Gate) return Checked().Read(buffer, position);
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        int taken = owner.Writing(path, bytes.Length, out Exception? failure);
        lock (owner.Gate)
        {
            int room = (int)Math.Min(taken, owner.RoomFor(Checked(), position, bytes.Length));
            if (room > 0) node.Write(bytes[..room], position);
            node.ModifiedMs = owner.NowMs;
            if (room < taken) failure ??= new StorageException("write", path, InMemoryLogFileSystem.NoSpace);
        }

        if (failure is not null) throw failure;
    }

    public void SetLength(long length)
    {
        owner.Changing("truncate", path);
        lock (owner.Gate)
        {
            Checked().SetLength(length);
            node.ModifiedMs = owner.NowMs;
        }
    }

    public bool Preallocate(long position, long length)
    {
        lock (owner.Gate)
        {
            if (owner.RoomFor(Checked(), position, (int)length) < length)
                throw new StorageException("allocate", path, InMemoryLogFileSystem.NoSpace);
            node.Reserve(position + length);
            return true;
        }
    }

    public void Flush()
    {
        owner.Changing("flush", path);
        lock (owner.Gate) Checked().Flush();
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) owner.Closed(process);
    }

    private MemoryNode Checked()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        if (process != owner.Process) throw new InvalidOperationException($"{path}: the process that opened this handle has ended");
        return node;
    }
}
