using KBroker.LogEngine.Storage;
using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>A file's or directory's content, and what of it is durable. Bytes past those written are zeros, as in a sparse file.</summary>
internal sealed class MemoryNode(bool isDirectory)
{
    private byte[] _bytes = [];
    private byte[] _durable = [];
    private long _durableLength;

    public bool IsDirectory => isDirectory;

    public long Length { get; private set; }

    public static MemoryNode Directory() => new(true);

    public static MemoryNode File() => new(false);

    public int Read(Span<byte> buffer, long position)
    {
        lock (this)
        {
            int count = (int)Math.Clamp(Length - position, 0, buffer.Length);
            buffer = buffer[..count];
            buffer.Clear();
            if (position < _bytes.Length) _bytes.AsSpan((int)position, (int)Math.Min(count, _bytes.Length - position)).CopyTo(buffer);
            return count;
        }
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        lock (this)
        {
            int end = (int)position + bytes.Length;
            if (end > _bytes.Length) Array.Resize(ref _bytes, Math.Max(end, _bytes.Length * 2));
            bytes.CopyTo(_bytes.AsSpan((int)position));
            Length = Math.Max(Length, end);
        }
    }

    public void SetLength(long length)
    {
        lock (this)
        {
            if (length < _bytes.Length) Array.Clear(_bytes, (int)length, _bytes.Length - (int)length);
            Length = length;
        }
    }

    public void Flush()
    {
        lock (this)
        {
            _durable = [.. _bytes];
            _durableLength = Length;
        }
    }

    public void LosePower(Random? random)
    {
        lock (this)
        {
            byte[] before = _bytes;
            long length = Length;
            _bytes = [.. _durable];
            Length = _durableLength;
            if (random is null || length <= _durableLength) return;
            // The size may be older or newer than the bytes; bytes that did not arrive are zeros.
            Length = random.NextInt64(_durableLength, length + 1);
            int arrived = (int)Math.Min(random.NextInt64(_durableLength, Length + 1), before.Length);
            Array.Resize(ref _bytes, Math.Max(arrived, _bytes.Length));
            if (arrived > _durableLength) before.AsSpan((int)_durableLength, arrived - (int)_durableLength).CopyTo(_bytes.AsSpan((int)_durableLength));
            Flush();
        }
    }

    public byte[] ToArray()
    {
        byte[] copy = new byte[Length];
        Read(copy, 0);
        return copy;
    }
}

/// <summary>An open handle; a rename or delete of the name does not disturb it.</summary>
internal sealed class MemoryFile(InMemoryLogFileSystem owner, string path, MemoryNode node) : ILogFile
{
    private bool _disposed;

    public string Path => path;

    public long Length => Checked().Length;

    public SafeFileHandle? Handle => null;

    public int Read(Span<byte> buffer, long position) => Checked().Read(buffer, position);

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        owner.Changing("write", path);
        Checked().Write(bytes, position);
    }

    public void SetLength(long length)
    {
        owner.Changing("truncate", path);
        Checked().SetLength(length);
    }

    public bool Preallocate(long position, long length) => true;

    public void Flush()
    {
        owner.Changing("flush", path);
        Checked().Flush();
    }

    public void Dispose() => _disposed = true;

    private MemoryNode Checked()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return node;
    }
}
