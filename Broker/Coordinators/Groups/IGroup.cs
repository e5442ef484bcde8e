using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>A group of either kind, as far as the shard that keeps it and its offsets need not know which.</summary>
public interface IGroup
{
    /// <summary>The group's name.</summary>
    string Id { get; }

    /// <summary>Its kind, as ListGroups names it: <c>classic</c> or <c>consumer</c>.</summary>
    string TypeName { get; }

    /// <summary>Where it stands, as ListGroups names it.</summary>
    string StateName { get; }

    /// <summary>What kind of members it has, for instance <c>consumer</c>; null while nobody has said.</summary>
    string? ProtocolType { get; }

    /// <summary>Whether the group has neither members nor someone who is about to become one.</summary>
    bool IsUnused { get; }

    /// <summary>Since when, wall-clock milliseconds, offsets have had no use because the group is empty; null if each counts from its commit.</summary>
    long? UnusedSinceMs { get; }

    /// <summary>The topics that members subscribe to; null where that cannot be told.</summary>
    IReadOnlySet<string>? SubscribedTopics { get; }

    /// <summary>Whether somebody may commit offsets for this group, and which.</summary>
    /// <param name="committer">Who commits.</param>
    /// <param name="isTransactional">TxnOffsetCommit: old clients do not say which member they are.</param>
    CommitPermission CheckCommit(in OffsetCommitter committer, bool isTransactional);

    /// <summary>Whether a member may read offsets; anybody who does not say that he is one may.</summary>
    /// <param name="memberId">The member; null or empty for none.</param>
    /// <param name="memberEpoch">The epoch it believes in; below 0 for none.</param>
    ErrorCode CheckFetch(string? memberId, int memberEpoch);

    /// <summary>The records that delete the group.</summary>
    IReadOnlyList<CoordinatorRecord> Tombstones();

    /// <summary>The log is loaded: the members' sessions begin.</summary>
    void StartSessions();

    /// <summary>The group goes: whoever waits is answered with the error, no deadline runs any more.</summary>
    void End(ErrorCode error);
}

/// <summary>Whether offsets may be committed.</summary>
/// <param name="Error">Why none may; None otherwise.</param>
/// <param name="ForPartition">Why one partition may not, of members that are behind (KIP-1251); null if all may.</param>
public readonly record struct CommitPermission(ErrorCode Error, Func<OffsetKey, ErrorCode>? ForPartition = null);
