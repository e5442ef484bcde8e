namespace KBroker.Broker.Coordinators.Groups;

/// <summary>A partition of a topic, as a group's offsets name it.</summary>
public readonly record struct OffsetKey(string Topic, int Partition);

/// <summary>An offset that a group has committed.</summary>
/// <param name="Offset">The offset of the next record to read.</param>
/// <param name="LeaderEpoch">The leader epoch of the last record read; -1 if the client did not say.</param>
/// <param name="Metadata">The client's note.</param>
/// <param name="CommitTimestamp">When, wall-clock milliseconds.</param>
/// <param name="ExpireTimestamp">When it may be forgotten, from clients that used to say; -1 if the broker's retention applies.</param>
public sealed record CommittedOffset(long Offset, int LeaderEpoch, string Metadata, long CommitTimestamp, long ExpireTimestamp = -1)
{
    /// <summary>Where the record lies in the log: among a transaction's offsets and others the later record wins.</summary>
    internal long Sequence { get; init; }
}
