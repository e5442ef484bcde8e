using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// Disk space taken ahead of the appends, in steps that grow with the segment up to 16 MB, so that a thousand small partitions
/// do not hold 16 MB each. The file's size does not change; what is left over is given back when the segment ends.
/// </summary>
internal sealed class SegmentSpace
{
    private const int LargestStep = 16 << 20;
    private const int SmallestStep = 1 << 20;

    private long _allocated;
    private bool _unavailable;

    public bool IsHeld { get; private set; }

    public void EnsureFor(ILogFile file, int size, int added, int segmentBytes)
    {
        long needed = (long)size + added;
        if (needed <= _allocated || _unavailable || needed < SmallestStep) return;
        long step = Math.Clamp(size, SmallestStep, LargestStep);
        Reserve(file, size, Math.Max(needed, Math.Min(size + step, segmentBytes)));
    }

    public void Reserve(ILogFile file, int size, long end)
    {
        long start = Math.Max(size, _allocated);
        if (end <= start) return;
        try
        {
            if (file.Preallocate(start, end - start))
            {
                _allocated = end;
                IsHeld = true;
                return;
            }
        }
        catch (StorageException e) when (e.IsNoSpace)
        {
            // A full disk shows up at the write, where it is an error; here it only means no head start. What it had left may be taken.
            IsHeld = true;
        }

        _unavailable = true;
    }

    /// <summary>The file was cut to <paramref name="size"/>.</summary>
    public void Forget(int size)
    {
        _allocated = size;
        IsHeld = false;
    }
}
