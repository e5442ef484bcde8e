using System.Diagnostics;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Wire;
using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// A range of a segment that a response carries. It starts at a batch and may end within one. The file stays open until the
/// slice is disposed, even when the segment is deleted meanwhile; dispose it once, from the last user.
/// </summary>
public sealed class LogSlice : IFileRecordsSource
{
    private readonly SegmentFile _segment;
    private readonly ILogFile _file;
    private int _disposed;

    // Takes over one reference of the segment's file.
    internal LogSlice(SegmentFile segment, ILogFile file, int position, int length, int firstBatchSize)
    {
        _segment = segment;
        _file = file;
        Position = position;
        Length = length;
        FirstBatchSize = firstBatchSize;
    }

    /// <inheritdoc/>
    public int Length { get; }

    /// <inheritdoc/>
    public long Position { get; }

    /// <summary>The whole size of the first batch, in bytes: more than <see cref="Length"/> when it is cut.</summary>
    public int FirstBatchSize { get; }

    /// <summary>The descriptor to send from; null when the file lies in memory. Valid until the slice is disposed.</summary>
    public SafeFileHandle? Handle => _file.Handle;

    /// <summary>Hears that the disk did not give back what it holds.</summary>
    internal PartitionLog? Log { get; set; }

    /// <summary>
    /// Copies from <paramref name="offset"/> within the slice; returns the number of bytes, 0 at its end. A failed disk ends the log's life.
    /// </summary>
    /// <exception cref="StorageException">The disk failed, or the file ends within the slice.</exception>
    public int Read(Span<byte> destination, int offset)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        int count = Math.Min(destination.Length, Length - offset);
        if (count <= 0) return 0;
        int read;
        try
        {
            read = _file.Read(destination[..count], Position + offset);
        }
        catch (StorageException e) when (e.Errno != 0)
        {
            Log?.Fail(e);
            throw;
        }

        return read == count ? count : throw new StorageException("read", _file.Path, $"the file ends within {Position}+{Length}");
    }

    /// <summary>Copies the whole slice to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, Length);
        int read = Read(destination[..Length], 0);
        Debug.Assert(read == Length, "a read within the slice is whole");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) _segment.Release();
    }
}
