using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>What a ConsumerGroupHeartbeat says; what is null has not changed since the member last said it.</summary>
/// <param name="MemberId">The member; empty for one that is to be given an id.</param>
/// <param name="MemberEpoch">Its epoch; 0 to join, -1 to leave, -2 to leave for a while.</param>
/// <param name="Client">Who it is.</param>
public sealed record ConsumerHeartbeat(string MemberId, int MemberEpoch, MemberClient Client)
{
    /// <summary>The id of a static member; null for a dynamic one.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Its rack.</summary>
    public string? RackId { get; init; }

    /// <summary>How long it may take to let partitions go, milliseconds; -1 if that has not changed.</summary>
    public int RebalanceTimeoutMs { get; init; } = -1;

    /// <summary>The topics it names.</summary>
    public IReadOnlyList<string>? Topics { get; init; }

    /// <summary>The expression by which it names topics; empty for none.</summary>
    public string? Regex { get; init; }

    /// <summary>The assignor it would like.</summary>
    public string? Assignor { get; init; }

    /// <summary>The partitions it holds.</summary>
    public TopicPartitionSet? Owned { get; init; }

    /// <summary>Whether it says everything, as a member does that joins or does not know what the coordinator knows.</summary>
    public bool IsFull => RebalanceTimeoutMs != -1 && (Topics is not null || Regex is not null) && Owned is not null;
}

/// <summary>The answer to a ConsumerGroupHeartbeat.</summary>
/// <param name="Error">What is wrong, or None.</param>
/// <param name="Message">What is wrong, for people.</param>
/// <param name="MemberId">The member.</param>
/// <param name="MemberEpoch">Its epoch.</param>
/// <param name="HeartbeatIntervalMs">When it is expected again, milliseconds.</param>
/// <param name="Assignment">The partitions it may read; null if they have not changed.</param>
public sealed record ConsumerHeartbeatAnswer(
    ErrorCode Error, string? Message, string? MemberId, int MemberEpoch, int HeartbeatIntervalMs, TopicPartitionSet? Assignment)
{
    /// <summary>A refusal.</summary>
    public static ConsumerHeartbeatAnswer Refused(ErrorCode error, string? message = null) => new(error, message, null, 0, 0, null);
}
