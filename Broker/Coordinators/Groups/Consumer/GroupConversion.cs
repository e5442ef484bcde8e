using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>Makes a consumer group of a classic one and the other way round, members, assignments and all (KIP-848).</summary>
internal static class GroupConversion
{
    /// <summary>
    /// Adds what a classic group is as a consumer group: its members in the epoch of its generation, each with what it was assigned, so
    /// that they go on undisturbed until they are told to join again.
    /// </summary>
    /// <returns>Why it cannot be; null if it can.</returns>
    public static string? Upgrade(ClassicGroup group, ConsumerGroupDraft draft, ClusterMetadataImage image, ConsumerGroupConfig config)
    {
        if (!config.MigrationPolicy.HasFlag(GroupMigrationPolicy.Upgrade)) return "online upgrade is disabled";
        if (group.ProtocolType != ConsumerProtocol.TypeName) return "the group does not use the consumer embedded protocol";
        if (group.Members.Count > config.MaxSize) return "the group size exceeds the consumer group maximum size";
        var members = new List<(ConsumerMember Member, TopicPartitionSet Assigned)>();
        TopicPartitionSet taken = TopicPartitionSet.Empty;
        foreach (ClassicMember member in group.Members.All)
        {
            byte[] metadata = group.ProtocolName is null ? member.Protocols[0].Metadata : member.MetadataFor(group.ProtocolName);
            if (ConsumerProtocol.TryReadSubscription(metadata) is not { } subscription || ConsumerProtocol.TryReadAssignment(member.Assignment) is not { } assignment)
                return "the embedded consumer protocol is malformed";
            if (assignment.UserData is { Length: > 0 })
                return "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade";
            TopicPartitionSet assigned = HeldBy(group, member, subscription, assignment, image).Except(taken);
            taken = taken.Union(assigned);
            var current = new CurrentAssignment(
                group.GenerationId, group.GenerationId, ConsumerMemberState.Stable, AssignedPartitions.Of(assigned, group.GenerationId), AssignedPartitions.Empty);
            members.Add((new ConsumerMember(member.Id, SubscriptionOf(member, subscription), current), assigned));
        }

        foreach ((ConsumerMember member, _) in members) draft.Write(new ConsumerGroupChange.Member(member.Id, member.Subscription));
        draft.Write(new ConsumerGroupChange.Group(group.GenerationId));
        foreach ((ConsumerMember member, TopicPartitionSet assigned) in members) draft.Write(new ConsumerGroupChange.Target(member.Id, assigned));
        draft.Write(new ConsumerGroupChange.TargetEpoch(group.GenerationId, 0));
        foreach ((ConsumerMember member, _) in members) draft.Write(new ConsumerGroupChange.Current(member.Id, member.Current));
        return null;
    }

    /// <summary>Whether a consumer group with this state is to become a classic one: it has members, and all are of the classic protocol.</summary>
    public static bool MustDowngrade(ConsumerGroup group, ConsumerGroupState state, GroupConfig config) =>
        !state.Members.IsEmpty
        && state.Members.Values.All(member => member.IsClassic)
        && group.Config.MigrationPolicy.HasFlag(GroupMigrationPolicy.Downgrade)
        && state.Members.Count <= config.MaxSize;

    /// <summary>
    /// Makes the classic group of a draft's state, in a generation of the group's epoch, and replaces the records of the one by those of
    /// the other. Each member is assigned what it holds, not what it was to have: until it has joined again, it does not let go of the one nor
    /// know of the other.
    /// </summary>
    public static ClassicGroup Downgrade(ConsumerGroup group, ConsumerGroupDraft draft, GroupServices services)
    {
        ConsumerGroupState state = draft.State;
        ClusterMetadataImage image = services.Topics();
        var classic = new ClassicGroup(group.Id, services);
        ConsumerMember[] members = [.. state.Members.Values.OrderBy(member => member.Id, StringComparer.Ordinal)];
        classic.Adopt(
            state.GroupEpoch,
            members.Select(member => new AdoptedMember(
                member.Id,
                member.InstanceId,
                member.Subscription.Client,
                member.Subscription.Classic!.SessionTimeoutMs,
                member.Subscription.RebalanceTimeoutMs,
                member.Subscription.Classic.Protocols,
                ConsumerProtocol.WriteAssignment(member.Current.Assigned.Set.Union(member.Current.PendingRevocation.Set), image, member.Subscription.Classic.Protocols[0].Metadata))));
        draft.RemoveAll();
        draft.Write(classic.ToRecord());
        return classic;
    }

    /// <summary>
    /// What a member reads. While a group rebalances that is not what it was assigned last: one that has joined said what it kept, and so
    /// did one whose assignment was lost with a generation that did not come about.
    /// </summary>
    private static TopicPartitionSet HeldBy(
        ClassicGroup group, ClassicMember member, ConsumerProtocolSubscription subscription, ConsumerProtocolAssignment assignment, ClusterMetadataImage image)
    {
        bool saidIt = group.State == ClassicGroupState.CompletingRebalance
            || (group.State == ClassicGroupState.PreparingRebalance && (member.AwaitsJoin || member.Assignment.Length == 0));
        return saidIt
            ? ConsumerProtocol.ToSet(subscription.OwnedPartitions.Select(topic => (topic.Topic, topic.Partitions)), image)
            : ConsumerProtocol.ToSet(assignment.AssignedPartitions.Select(topic => (topic.Topic, topic.Partitions)), image);
    }

    private static MemberSubscription SubscriptionOf(ClassicMember member, ConsumerProtocolSubscription subscription) => new()
    {
        InstanceId = member.InstanceId,
        RackId = subscription.RackId,
        Client = member.Client,
        Topics = MemberSubscription.Ordered(subscription.Topics),
        RebalanceTimeoutMs = member.RebalanceTimeoutMs,
        Classic = new ClassicMetadata(member.SessionTimeoutMs, member.Protocols),
    };
}
