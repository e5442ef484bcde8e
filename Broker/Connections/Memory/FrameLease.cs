using System.Buffers;
using System.Runtime.InteropServices;
using KBroker.Broker.Connections.Sockets;

namespace KBroker.Broker.Connections.Memory;

/// <summary>
/// Memory outside the managed heap that one large request frame is received into. The system commits its pages as bytes
/// arrive, so a frame that is announced and never sent costs address space only.
/// </summary>
/// <remarks>
/// Owned by the reader of one connection from <see cref="FrameLeasePool.Rent"/> to <see cref="FrameLeasePool.Return"/>; no
/// reference into it may outlive the dispatch of its frame.
/// </remarks>
public sealed unsafe class FrameLease : MemoryManager<byte>
{
    private nint _address;

    internal FrameLease(int sizeClass, int capacity)
    {
        SizeClass = sizeClass;
        Capacity = capacity;
        _address = LibC.MemoryMap(
            0, (nuint)capacity, LibC.ProtectReadWrite, LibC.MapPrivateAnonymous | LibC.MapNoReserve, -1, 0);
        if (_address == -1)
        {
            _address = 0;
            throw new InsufficientMemoryException(
                $"The system refuses {capacity} bytes of memory for a request frame (errno {Marshal.GetLastPInvokeError()}).");
        }

        // A huge page commits two megabytes at the first byte; without the advice silence would not be free.
        _ = LibC.MemoryAdvise(_address, (nuint)capacity, LibC.AdviseNoHugePage);
    }

    /// <summary>The bytes that fit: a power of two.</summary>
    public int Capacity { get; }

    /// <summary>The index of the size class in the pool.</summary>
    internal int SizeClass { get; }

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_address == 0, this);
        return new Span<byte>((void*)_address, Capacity);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_address == 0, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Capacity, nameof(elementIndex));
        return new MemoryHandle((byte*)_address + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0) _ = LibC.MemoryUnmap(address, (nuint)Capacity);
    }
}
