using System.Numerics;

namespace KBroker.Broker.Connections.Memory;

/// <summary>
/// Keeps used <see cref="FrameLease"/>s by size class, because the first touch of a fresh page costs about ten times a
/// recycled one. What it keeps is bounded, and what one trim interval did not need is given back to the system.
/// </summary>
public sealed class FrameLeasePool : IDisposable
{
    private const int SmallestShift = 14;
    private const int LargestShift = 30;
    private const int LargestKeptShift = 23;

    private static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(4);

    private readonly Lock _gate = new();
    private readonly Stack<FrameLease>[] _free = new Stack<FrameLease>[LargestShift - SmallestShift + 1];
    private readonly int[] _fewestFree = new int[LargestShift - SmallestShift + 1];
    private readonly long _maxKeptBytes;
    private readonly ITimer _trimming;
    private long _keptBytes;
    private bool _disposed;

    /// <summary>A pool that keeps at most <paramref name="maxKeptBytes"/> of returned memory and trims itself.</summary>
    public FrameLeasePool(TimeProvider time, long maxKeptBytes = 32L << 20)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfNegative(maxKeptBytes);
        _maxKeptBytes = maxKeptBytes;
        for (int i = 0; i < _free.Length; i++) _free[i] = new Stack<FrameLease>();
        _trimming = time.CreateTimer(static pool => ((FrameLeasePool)pool!).Trim(), this, TrimInterval, TrimInterval);
    }

    /// <summary>The bytes of memory now kept for reuse.</summary>
    public long KeptBytes
    {
        get
        {
            lock (_gate) return _keptBytes;
        }
    }

    /// <summary>Memory for at least <paramref name="size"/> bytes (1 to 2^30), contents undefined.</summary>
    public FrameLease Rent(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 1 << LargestShift);
        int shift = Math.Max(SmallestShift, 32 - BitOperations.LeadingZeroCount((uint)size - 1));
        int sizeClass = shift - SmallestShift;
        lock (_gate)
        {
            if (_free[sizeClass].TryPop(out FrameLease? lease))
            {
                _keptBytes -= lease.Capacity;
                _fewestFree[sizeClass] = Math.Min(_fewestFree[sizeClass], _free[sizeClass].Count);
                return lease;
            }
        }

        return new FrameLease(sizeClass, 1 << shift);
    }

    /// <summary>Takes a lease back; the first <paramref name="usedBytes"/> of it were written.</summary>
    public void Return(FrameLease lease, int usedBytes)
    {
        Poison(lease, usedBytes);
        lock (_gate)
        {
            bool keep = !_disposed && lease.SizeClass <= LargestKeptShift - SmallestShift
                && _keptBytes + lease.Capacity <= _maxKeptBytes;
            if (keep)
            {
                _free[lease.SizeClass].Push(lease);
                _keptBytes += lease.Capacity;
                return;
            }
        }

        ((IDisposable)lease).Dispose();
    }

    /// <summary>Gives back what lay unused since the last call.</summary>
    public void Trim()
    {
        List<FrameLease>? unused = null;
        lock (_gate)
        {
            for (int i = 0; i < _free.Length; i++)
            {
                for (int n = Math.Min(_fewestFree[i], _free[i].Count); n > 0; n--)
                {
                    FrameLease lease = _free[i].Pop();
                    _keptBytes -= lease.Capacity;
                    (unused ??= []).Add(lease);
                }

                _fewestFree[i] = _free[i].Count;
            }
        }

        if (unused is null) return;
        foreach (FrameLease lease in unused) ((IDisposable)lease).Dispose();
    }

    /// <summary>Frees what is kept; leases still out are freed when they come back.</summary>
    public void Dispose()
    {
        _trimming.Dispose();
        lock (_gate)
        {
            _disposed = true;
            _keptBytes = 0;
            foreach (Stack<FrameLease> free in _free)
            {
                while (free.TryPop(out FrameLease? lease)) ((IDisposable)lease).Dispose();
            }
        }
    }

    /// <summary>In debug builds a reader that kept a slice of a finished frame sees nonsense instead of the next frame.</summary>
    [System.Diagnostics.Conditional("DEBUG")]
    private static void Poison(FrameLease lease, int usedBytes) =>
        lease.GetSpan()[..Math.Min(usedBytes, lease.Capacity)].Fill(0xDB);
}
