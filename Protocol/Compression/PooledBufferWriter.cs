using System.Buffers;

namespace KBroker.Protocol.Compression;

/// <summary>
/// A buffer that grows, in arrays of the shared pool. Disposing gives the array back: nothing that came out of it may be used then.
/// </summary>
public sealed class PooledBufferWriter : IBufferWriter<byte>, IDisposable
{
    private const int SmallestArray = 1024;

    private byte[] _array;

    /// <summary>Creates an empty buffer with room for at least <paramref name="capacity"/> bytes.</summary>
    public PooledBufferWriter(int capacity = 0) => _array = capacity == 0 ? [] : ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>The bytes written.</summary>
    public int WrittenCount { get; private set; }

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> WrittenSpan => _array.AsSpan(0, WrittenCount);

    /// <summary>What has been written.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, WrittenCount);

    /// <summary>What has been written, to be changed in place.</summary>
    internal Span<byte> WrittenBytes => _array.AsSpan(0, WrittenCount);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - WrittenCount);
        WrittenCount += count;
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _array.AsSpan(WrittenCount);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _array.AsMemory(WrittenCount);
    }

    /// <summary>Forgets what was written and keeps the room.</summary>
    public void Clear() => WrittenCount = 0;

    /// <summary>Gives the room back.</summary>
    public void Dispose()
    {
        if (_array.Length > 0) ArrayPool<byte>.Shared.Return(_array);
        _array = [];
        WrittenCount = 0;
    }

    private void EnsureRoom(int sizeHint)
    {
        int wanted = Math.Max(sizeHint, 1);
        if (_array.Length - WrittenCount >= wanted) return;

        long size = Math.Max(WrittenCount + (long)wanted, Math.Max(SmallestArray, Math.Min(2L * _array.Length, Array.MaxLength)));
        byte[] larger = ArrayPool<byte>.Shared.Rent(checked((int)size));
        WrittenSpan.CopyTo(larger);
        if (_array.Length > 0) ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }
}
