using KBroker.Protocol.Identity;

namespace KBroker.Cli.Client;

/// <summary>A group as a list of groups shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ProtocolType">What its members do: <c>consumer</c>, or another word of theirs; empty where nobody said.</param>
/// <param name="State">Its state, such as <c>Stable</c>; empty where a broker does not say.</param>
/// <param name="Type">Its kind, such as <c>Classic</c>; empty where a broker does not say.</param>
public sealed record GroupListing(string Id, string ProtocolType, string State, string Type);

/// <summary>A member of a group.</summary>
/// <param name="Id">Its id.</param>
/// <param name="InstanceId">Its instance id, if it is static.</param>
/// <param name="ClientId">What its client calls itself.</param>
/// <param name="Host">Where it is.</param>
/// <param name="Assigned">What it has.</param>
public sealed record GroupMemberView(string Id, string? InstanceId, string ClientId, string Host, IReadOnlyList<TopicPartition> Assigned)
{
    /// <summary>Its epoch; null in a classic group.</summary>
    public int? Epoch { get; init; }

    /// <summary>What it is to have; null in a classic group.</summary>
    public IReadOnlyList<TopicPartition>? Target { get; init; }
}

/// <summary>A group with its members.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">Its state, such as <c>Stable</c>; <see cref="DeadState"/> if it does not exist.</param>
/// <param name="Type">Its kind: <c>Classic</c> or <c>Consumer</c>.</param>
/// <param name="Assignor">How its partitions are assigned; empty where nobody is there.</param>
/// <param name="Members">The members.</param>
public sealed record GroupView(string Id, string State, string Type, string Assignor, IReadOnlyList<GroupMemberView> Members)
{
    /// <summary>The state of a group that does not exist.</summary>
    public const string DeadState = "Dead";

    /// <summary>The state of a group without members.</summary>
    public const string EmptyState = "Empty";

    /// <summary>Its epoch; null for a classic group.</summary>
    public int? Epoch { get; init; }

    /// <summary>The epoch that the target assignment was made for; null for a classic group.</summary>
    public int? TargetEpoch { get; init; }

    /// <summary>Whether it exists.</summary>
    public bool Exists => State != DeadState;

    /// <summary>Whether it has members.</summary>
    public bool IsActive => State is not (DeadState or EmptyState);
}

/// <summary>What a group has committed for a partition.</summary>
/// <param name="Offset">The offset of the next record to read.</param>
/// <param name="LeaderEpoch">The leader epoch of the last record read; -1 where nobody said.</param>
/// <param name="Metadata">The client's note.</param>
public sealed record CommittedPosition(long Offset, int LeaderEpoch, string Metadata);
