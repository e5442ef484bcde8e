namespace KBroker.Cli.Client;

/// <summary>Where in a partition to begin reading.</summary>
public readonly record struct StartPosition
{
    private const long LatestTimestamp = -1;
    private const long EarliestTimestamp = -2;

    private StartPosition(long? offset, long timestamp)
    {
        Offset = offset;
        Timestamp = timestamp;
    }

    /// <summary>The first record that the partition still holds.</summary>
    public static StartPosition Earliest => new(null, EarliestTimestamp);

    /// <summary>The end: only records that are written from now on.</summary>
    public static StartPosition Latest => new(null, LatestTimestamp);

    /// <summary>The offset, or null when the broker has to be asked.</summary>
    public long? Offset { get; }

    /// <summary>What to ask the broker for in ListOffsets: a time in milliseconds, -1 for the end, -2 for the beginning.</summary>
    public long Timestamp { get; }

    /// <summary>A record by its offset, 0 or more.</summary>
    public static StartPosition At(long offset) => new(offset, LatestTimestamp);

    /// <summary>The first record whose timestamp is not before a time, in milliseconds since the epoch.</summary>
    public static StartPosition AtTime(long milliseconds) => new(null, Math.Max(0, milliseconds));
}
