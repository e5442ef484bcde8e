using KBroker.Broker.Coordinators.Groups.Assignors;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>One step of a consumer group's state: what one record says. A null deletes.</summary>
public abstract record ConsumerGroupChange
{
    private ConsumerGroupChange()
    {
    }

    /// <summary>Whether it deletes.</summary>
    public abstract bool IsTombstone { get; }

    /// <summary>ConsumerGroupMetadata: the group's epoch; without it the group is gone.</summary>
    public sealed record Group(int? Epoch) : ConsumerGroupChange
    {
        /// <inheritdoc/>
        public override bool IsTombstone => Epoch is null;
    }

    /// <summary>ConsumerGroupPartitionMetadata: the topics that members subscribe to and that exist, by name.</summary>
    public sealed record Topics(IReadOnlyDictionary<string, SubscribedTopic>? ByName) : ConsumerGroupChange
    {
        /// <inheritdoc/>
        public override bool IsTombstone => ByName is null;
    }

    /// <summary>ConsumerGroupMemberMetadata: a member and what it asks for.</summary>
    public sealed record Member(string Id, MemberSubscription? Subscription) : ConsumerGroupChange
    {
        /// <inheritdoc/>
        public override bool IsTombstone => Subscription is null;
    }

    /// <summary>ConsumerGroupTargetAssignmentMetadata: the epoch of the target assignment, and when it was made.</summary>
    public sealed record TargetEpoch(int? Epoch, long TimestampMs) : ConsumerGroupChange
    {
        /// <inheritdoc/>
        public override bool IsTombstone => Epoch is null;
    }

    /// <summary>ConsumerGroupTargetAssignmentMember: what a member is to have.</summary>
    public sealed record Target(string MemberId, TopicPartitionSet? Partitions) : ConsumerGroupChange
    {
        /// <inheritdoc/>
        public override bool IsTombstone => Partitions is null;
    }

    /// <summary>ConsumerGroupCurrentMemberAssignment: what a member has.</summary>
    public sealed record Current(string MemberId, CurrentAssignment? Assignment) : ConsumerGroupChange
    {
        /// <inheritdoc/>
        public override bool IsTombstone => Assignment is null;
    }

    /// <summary>ConsumerGroupRegularExpression: the topics that an expression names at present.</summary>
    public sealed record Regex(string Expression, ResolvedRegex? Resolved) : ConsumerGroupChange
    {
        /// <inheritdoc/>
        public override bool IsTombstone => Resolved is null;
    }
}

/// <summary>A topic that a group subscribes to, as it was when the group last looked.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Partitions">Its partitions.</param>
public readonly record struct SubscribedTopic(Guid Id, int Partitions);

/// <summary>What an expression names.</summary>
/// <param name="Topics">The names, in order.</param>
/// <param name="Version">The version of the metadata it was matched with; only ever compared.</param>
/// <param name="TimestampMs">When, wall-clock milliseconds.</param>
public sealed record ResolvedRegex(IReadOnlyList<string> Topics, long Version, long TimestampMs)
{
    /// <inheritdoc/>
    public bool Equals(ResolvedRegex? other) =>
        other is not null && Version == other.Version && TimestampMs == other.TimestampMs && Topics.SequenceEqual(other.Topics);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Topics.Count, Version, TimestampMs);
}
