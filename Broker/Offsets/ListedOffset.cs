using KBroker.Protocol;

namespace KBroker.Broker.Offsets;

/// <summary>What ListOffsets found in one partition.</summary>
/// <param name="Error">Why nothing was looked for.</param>
/// <param name="Timestamp">The timestamp of the record, in milliseconds; -1 for a position without one.</param>
/// <param name="Offset">The offset; -1 when no record matches.</param>
/// <param name="LeaderEpoch">The epoch of the record; -1 when it is not known.</param>
public readonly record struct ListedOffset(ErrorCode Error, long Timestamp, long Offset, int LeaderEpoch)
{
    /// <summary>No record matches.</summary>
    public static ListedOffset None => new(ErrorCode.None, -1, -1, -1);

    /// <summary>A refusal.</summary>
    public static ListedOffset Failed(ErrorCode error) => new(error, -1, -1, -1);

    /// <summary>A position that is no record's.</summary>
    public static ListedOffset Position(long offset, int leaderEpoch) => new(ErrorCode.None, -1, offset, leaderEpoch);
}
