namespace KBroker.Broker.Coordinators.Groups;

/// <summary>Who commits offsets.</summary>
/// <param name="MemberId">The member; empty for a client that manages its partitions itself.</param>
/// <param name="InstanceId">Its instance id, if it is static.</param>
/// <param name="GenerationId">The generation it believes in, or the epoch of a member of the consumer protocol; below 0 for none.</param>
/// <param name="KnowsMemberEpochs">Whether it understands the errors of the consumer protocol: version 9 of OffsetCommit and later.</param>
public readonly record struct OffsetCommitter(string MemberId, string? InstanceId, int GenerationId, bool KnowsMemberEpochs = false);

/// <summary>Who reads offsets.</summary>
/// <param name="MemberId">The member; null for one that does not say, as before version 9 of OffsetFetch.</param>
/// <param name="MemberEpoch">The epoch it believes in; below 0 for none.</param>
public readonly record struct OffsetReader(string? MemberId, int MemberEpoch)
{
    /// <summary>Somebody who does not say that he is a member.</summary>
    public static OffsetReader Anybody => new(null, -1);
}

/// <summary>An offset to commit.</summary>
/// <param name="Key">The partition.</param>
/// <param name="Offset">The offset of the next record to read.</param>
/// <param name="LeaderEpoch">The leader epoch of the last record read; -1 if the client did not say.</param>
/// <param name="Metadata">The client's note.</param>
/// <param name="CommitTimestamp">When, as version 1 of the request says; -1 for now.</param>
public readonly record struct OffsetToCommit(OffsetKey Key, long Offset, int LeaderEpoch, string Metadata, long CommitTimestamp = -1);

/// <summary>What is known of an offset that was asked for.</summary>
/// <param name="Key">The partition.</param>
/// <param name="Offset">The offset; null if there is none.</param>
/// <param name="IsUnstable">Whether an open transaction is about to change it, and the caller wants to wait for that (KIP-447).</param>
public readonly record struct FetchedOffset(OffsetKey Key, CommittedOffset? Offset, bool IsUnstable);
