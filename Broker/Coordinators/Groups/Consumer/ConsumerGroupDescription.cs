using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Metadata;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>How groups of the consumer protocol look from outside.</summary>
internal static class ConsumerGroupDescription
{
    private const sbyte ClassicMemberType = 0;
    private const sbyte ConsumerMemberType = 1;

    /// <summary>A group and its members; topics that are gone are left out of what they have.</summary>
    public static ConsumerGroupDescribeResponse.DescribedGroup Of(ConsumerGroup group, ClusterMetadataImage image)
    {
        ConsumerGroupState state = group.State;
        return new ConsumerGroupDescribeResponse.DescribedGroup
        {
            GroupId = group.Id,
            GroupState = group.StateName,
            GroupEpoch = state.GroupEpoch,
            AssignmentEpoch = state.AssignmentEpoch,
            AssignorName = ConsumerGroupRebalancer.PreferredAssignor(group, state),
            AuthorizedOperations = AuthorizedOperations.NotRequested,
            Members = [.. state.Members.Values.Select(member => Of(member, state.TargetOf(member.Id), image))],
        };
    }

    /// <summary>A group that there is not, or not of this kind.</summary>
    public static ConsumerGroupDescribeResponse.DescribedGroup Unknown(string groupId, string message) => new()
    {
        GroupId = groupId,
        ErrorCode = ErrorCode.GroupIdNotFound,
        ErrorMessage = message,
        AuthorizedOperations = AuthorizedOperations.NotRequested,
    };

    /// <summary>A group that cannot be described here and now.</summary>
    public static ConsumerGroupDescribeResponse.DescribedGroup Failed(string groupId, ErrorCode error) => new()
    {
        GroupId = groupId,
        ErrorCode = error,
        AuthorizedOperations = AuthorizedOperations.NotRequested,
    };

    private static ConsumerGroupDescribeResponse.Member Of(ConsumerMember member, TopicPartitionSet target, ClusterMetadataImage image) => new()
    {
        MemberId = member.Id,
        InstanceId = member.InstanceId,
        RackId = member.Subscription.RackId,
        MemberEpoch = member.Epoch,
        ClientId = member.Subscription.Client.ClientId,
        ClientHost = member.Subscription.Client.ClientHost,
        SubscribedTopicNames = [.. member.Subscription.Topics],
        SubscribedTopicRegex = member.Subscription.Regex ?? "",
        // What it was told to let go is the member's until it has.
        Assignment = Of(member.Current.Assigned.Set.Union(member.Current.PendingRevocation.Set), image),
        TargetAssignment = Of(target, image),
        MemberType = member.IsClassic ? ClassicMemberType : ConsumerMemberType,
    };

    private static ConsumerGroupDescribeResponse.Assignment Of(TopicPartitionSet partitions, ClusterMetadataImage image)
    {
        var topics = new List<ConsumerGroupDescribeResponse.TopicPartitions>();
        foreach (Guid id in partitions.Topics)
        {
            if (!image.TryGetTopic(id, out TopicImage? topic)) continue;
            topics.Add(new ConsumerGroupDescribeResponse.TopicPartitions { TopicId = id, TopicName = topic.Name, Partitions = partitions.Of(id).ToArray() });
        }

        return new ConsumerGroupDescribeResponse.Assignment { TopicPartitions = [.. topics] };
    }
}
