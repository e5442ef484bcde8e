namespace KBroker.LogEngine.Limits;

/// <summary>
/// What the logs of a broker may keep open and in memory between uses; shared by its log directories. What is in use, and files
/// whose last writes have not been flushed, stay whatever the bounds are.
/// </summary>
public sealed class StorageBudget
{
    /// <summary>Bounds of at least 1.</summary>
    /// <param name="maxOpenFiles">Open segment files.</param>
    /// <param name="maxIndexBytes">Bytes of entries of indexes that no longer grow.</param>
    public StorageBudget(int maxOpenFiles, long maxIndexBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxOpenFiles, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxIndexBytes, 1);
        Files = new ClockBudget(maxOpenFiles);
        Indexes = new ClockBudget(maxIndexBytes);
    }

    /// <summary>Segment files that are open, in use or not.</summary>
    public long OpenFiles => Files.Held;

    /// <summary>Bytes of indexes that could be let go.</summary>
    public long IndexBytes => Indexes.Held;

    internal ClockBudget Files { get; }

    internal ClockBudget Indexes { get; }

    /// <summary>No bounds but those of the process.</summary>
    public static StorageBudget Unbounded() => new(int.MaxValue, long.MaxValue);
}
