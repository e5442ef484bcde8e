namespace KBroker.LogEngine.Directories;

/// <summary>How much room the disk of a log directory has, in the order of getting worse.</summary>
public enum DiskSpaceLevel
{
    /// <summary>Enough.</summary>
    Ample,

    /// <summary>Below the first mark: what clients produce is to be refused, all else goes on.</summary>
    Low,

    /// <summary>Below the second mark: the directory takes nothing that makes it grow. Reads and deletions go on.</summary>
    Exhausted,
}

/// <summary>
/// How many bytes must be free on a log directory's disk: fewer than <paramref name="LowBytes"/> are low, fewer than
/// <paramref name="MinBytes"/> exhausted. 0 sets no mark; <see cref="Automatic"/> chooses by the disk's size.
/// </summary>
public readonly record struct DiskSpaceMarks(long LowBytes, long MinBytes)
{
    /// <summary>In place of a number of bytes: 1 GiB or a twentieth of the disk for the first mark, 256 MiB or a hundredth for the second, whichever is less.</summary>
    public const long Automatic = -1;

    private const long LargestLow = 1L << 30;
    private const long LargestMin = 256L << 20;

    /// <summary>Both marks chosen by the disk's size.</summary>
    public static DiskSpaceMarks ByDiskSize => new(Automatic, Automatic);

    /// <summary>The marks in bytes for a disk of <paramref name="totalBytes"/>; -1 when its size is not known, which sets no automatic mark.</summary>
    public DiskSpaceMarks For(long totalBytes)
    {
        long size = Math.Max(totalBytes, 0);
        return new DiskSpaceMarks(
            LowBytes == Automatic ? Math.Min(LargestLow, size / 20) : LowBytes,
            MinBytes == Automatic ? Math.Min(LargestMin, size / 100) : MinBytes);
    }

    /// <summary>
    /// The level at <paramref name="freeBytes"/> after <paramref name="before"/>. A mark that was passed downward is passed upward
    /// only with a tenth more, so that a disk near it does not go to and fro.
    /// </summary>
    public DiskSpaceLevel Next(DiskSpaceLevel before, long freeBytes)
    {
        if (freeBytes < (before == DiskSpaceLevel.Exhausted ? WayBack(MinBytes) : MinBytes)) return DiskSpaceLevel.Exhausted;
        return freeBytes < (before >= DiskSpaceLevel.Low ? WayBack(LowBytes) : LowBytes) ? DiskSpaceLevel.Low : DiskSpaceLevel.Ample;
    }

    /// <summary>How many bytes must be free again to leave the level below a mark.</summary>
    public static long WayBack(long mark) => mark + (mark / 10);
}
