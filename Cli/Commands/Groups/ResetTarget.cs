namespace KBroker.Cli.Commands.Groups;

/// <summary>What offsets are set to.</summary>
public enum ResetKind
{
    /// <summary>The first offset of the partition.</summary>
    Earliest,

    /// <summary>Its end.</summary>
    Latest,

    /// <summary>What is committed.</summary>
    Current,

    /// <summary>An offset.</summary>
    Offset,

    /// <summary>A number of records from what is committed.</summary>
    Shift,

    /// <summary>The first record from a time on.</summary>
    Time,
}

/// <summary>What offsets are set to, with the number that goes with it.</summary>
/// <param name="Kind">What.</param>
/// <param name="Value">The offset, the records, or the time in milliseconds since 1970.</param>
public readonly record struct ResetTarget(ResetKind Kind, long Value = 0)
{
    /// <summary>The offset for one partition.</summary>
    /// <param name="range">Its first offset and its end.</param>
    /// <param name="committed">What is committed; null for nothing.</param>
    /// <param name="atTime">The first record from the time on, or the end.</param>
    /// <param name="warning">That the offset had to be moved into the range; null if it had not.</param>
    /// <returns>The offset; null where it cannot be told: a shift from nothing.</returns>
    public long? Offset((long Earliest, long Latest) range, long? committed, long atTime, out string? warning)
    {
        warning = null;
        long? wanted = Kind switch
        {
            ResetKind.Earliest => range.Earliest,
            ResetKind.Latest => range.Latest,
            ResetKind.Current => committed ?? range.Latest,
            ResetKind.Offset => Value,
            ResetKind.Shift when committed is { } from => Add(from, Value),
            ResetKind.Time => atTime,
            _ => null,
        };
        if (wanted > range.Latest)
        {
            warning = $"offset {wanted} is above the end, {range.Latest}, and becomes it";
            return range.Latest;
        }

        if (wanted < range.Earliest)
        {
            warning = $"offset {wanted} is below the first one, {range.Earliest}, and becomes it";
            return range.Earliest;
        }

        return wanted;
    }

    private static long Add(long offset, long records)
    {
        long sum = unchecked(offset + records);
        // An offset is never negative: only the addition of a positive number can overflow.
        return records > 0 && sum < offset ? long.MaxValue : sum;
    }
}
