using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>How the changes of a consumer group are kept, in the bytes of Kafka.</summary>
internal static class ConsumerGroupRecords
{
    // All values of these kinds have one version; what came later is in tagged fields.
    private const short ValueVersion = 0;

    /// <summary>The record of a change.</summary>
    public static CoordinatorRecord Write(string groupId, ConsumerGroupChange change) => change switch
    {
        ConsumerGroupChange.Group group => Write(
            ConsumerGroupMetadataKey.RecordType,
            new ConsumerGroupMetadataKey { GroupId = groupId },
            group.Epoch is { } epoch ? new ConsumerGroupMetadataValue { Epoch = epoch } : null),
        ConsumerGroupChange.Topics topics => Write(
            ConsumerGroupPartitionMetadataKey.RecordType,
            new ConsumerGroupPartitionMetadataKey { GroupId = groupId },
            topics.ByName is null ? null : Value(topics.ByName)),
        ConsumerGroupChange.Member member => Write(
            ConsumerGroupMemberMetadataKey.RecordType,
            new ConsumerGroupMemberMetadataKey { GroupId = groupId, MemberId = member.Id },
            member.Subscription is null ? null : Value(member.Subscription)),
        ConsumerGroupChange.TargetEpoch target => Write(
            ConsumerGroupTargetAssignmentMetadataKey.RecordType,
            new ConsumerGroupTargetAssignmentMetadataKey { GroupId = groupId },
            target.Epoch is { } epoch ? new ConsumerGroupTargetAssignmentMetadataValue { AssignmentEpoch = epoch, AssignmentTimestamp = target.TimestampMs } : null),
        ConsumerGroupChange.Target target => Write(
            ConsumerGroupTargetAssignmentMemberKey.RecordType,
            new ConsumerGroupTargetAssignmentMemberKey { GroupId = groupId, MemberId = target.MemberId },
            target.Partitions is null ? null : Value(target.Partitions)),
        ConsumerGroupChange.Current current => Write(
            ConsumerGroupCurrentMemberAssignmentKey.RecordType,
            new ConsumerGroupCurrentMemberAssignmentKey { GroupId = groupId, MemberId = current.MemberId },
            current.Assignment is null ? null : Value(current.Assignment)),
        ConsumerGroupChange.Regex regex => Write(
            ConsumerGroupRegularExpressionKey.RecordType,
            new ConsumerGroupRegularExpressionKey { GroupId = groupId, RegularExpression = regex.Expression },
            regex.Resolved is null ? null : new ConsumerGroupRegularExpressionValue
            {
                Topics = [.. regex.Resolved.Topics],
                Version = regex.Resolved.Version,
                Timestamp = regex.Resolved.TimestampMs,
            }),
        _ => throw new ArgumentOutOfRangeException(nameof(change)),
    };

    /// <summary>What a ConsumerGroupPartitionMetadata record says.</summary>
    public static ConsumerGroupChange Read(ConsumerGroupPartitionMetadataValue? value) => new ConsumerGroupChange.Topics(
        value?.Topics.ToDictionary(topic => topic.TopicName, topic => new SubscribedTopic(topic.TopicId, topic.NumPartitions), StringComparer.Ordinal));

    /// <summary>What a ConsumerGroupMemberMetadata record says.</summary>
    public static ConsumerGroupChange Read(string memberId, ConsumerGroupMemberMetadataValue? value) => new ConsumerGroupChange.Member(
        memberId,
        value is null ? null : new MemberSubscription
        {
            InstanceId = value.InstanceId,
            RackId = value.RackId,
            Client = new MemberClient(value.ClientId, value.ClientHost),
            Topics = MemberSubscription.Ordered(value.SubscribedTopicNames),
            Regex = string.IsNullOrEmpty(value.SubscribedTopicRegex) ? null : value.SubscribedTopicRegex,
            RebalanceTimeoutMs = value.RebalanceTimeoutMs,
            Assignor = value.ServerAssignor,
            Classic = value.ClassicMemberMetadata is not { } classic ? null : new ClassicMetadata(
                classic.SessionTimeoutMs,
                [.. classic.SupportedProtocols.Select(protocol => new MemberProtocol(protocol.Name, protocol.Metadata))]),
        });

    /// <summary>What a ConsumerGroupTargetAssignmentMember record says.</summary>
    public static ConsumerGroupChange Read(string memberId, ConsumerGroupTargetAssignmentMemberValue? value) => new ConsumerGroupChange.Target(
        memberId,
        value is null ? null : TopicPartitionSet.Of(value.TopicPartitions.SelectMany(topic => topic.Partitions.Select(partition => (topic.TopicId, partition)))));

    /// <summary>What a ConsumerGroupCurrentMemberAssignment record says.</summary>
    public static ConsumerGroupChange Read(string memberId, ConsumerGroupCurrentMemberAssignmentValue? value) => new ConsumerGroupChange.Current(
        memberId,
        value is null ? null : new CurrentAssignment(
            value.MemberEpoch,
            value.PreviousMemberEpoch,
            Enum.IsDefined((ConsumerMemberState)value.State) ? (ConsumerMemberState)value.State : ConsumerMemberState.Unknown,
            Read(value.AssignedPartitions, value.MemberEpoch),
            Read(value.PartitionsPendingRevocation, value.MemberEpoch)));

    /// <summary>What a ConsumerGroupRegularExpression record says.</summary>
    public static ConsumerGroupChange Read(string expression, ConsumerGroupRegularExpressionValue? value) => new ConsumerGroupChange.Regex(
        expression, value is null ? null : new ResolvedRegex(MemberSubscription.Ordered(value.Topics), value.Version, value.Timestamp));

    private static CoordinatorRecord Write(short kind, Protocol.Wire.WireStruct key, Protocol.Wire.WireStruct? value) =>
        value is null ? CoordinatorRecord.Tombstone(kind, key) : CoordinatorRecord.Set(kind, key, ValueVersion, value);

    private static ConsumerGroupPartitionMetadataValue Value(IReadOnlyDictionary<string, SubscribedTopic> topics) => new()
    {
        Topics =
        [
            .. topics.OrderBy(topic => topic.Key, StringComparer.Ordinal).Select(topic => new ConsumerGroupPartitionMetadataValue.TopicMetadata
            {
                TopicId = topic.Value.Id,
                TopicName = topic.Key,
                NumPartitions = topic.Value.Partitions,
            }),
        ],
    };

    private static ConsumerGroupMemberMetadataValue Value(MemberSubscription subscription) => new()
    {
        InstanceId = subscription.InstanceId,
        RackId = subscription.RackId,
        ClientId = subscription.Client.ClientId,
        ClientHost = subscription.Client.ClientHost,
        SubscribedTopicNames = [.. subscription.Topics],
        SubscribedTopicRegex = subscription.Regex ?? "",
        RebalanceTimeoutMs = subscription.RebalanceTimeoutMs,
        ServerAssignor = subscription.Assignor,
        ClassicMemberMetadata = subscription.Classic is not { } classic ? null : new()
        {
            SessionTimeoutMs = classic.SessionTimeoutMs,
            SupportedProtocols =
            [
                .. classic.Protocols.Select(protocol => new ConsumerGroupMemberMetadataValue.ClassicProtocol
                {
                    Name = protocol.Name,
                    Metadata = protocol.Metadata,
                }),
            ],
        },
    };

    private static ConsumerGroupTargetAssignmentMemberValue Value(TopicPartitionSet partitions) => new()
    {
        TopicPartitions =
        [
            .. partitions.Topics.Order().Select(topic => new ConsumerGroupTargetAssignmentMemberValue.TopicPartition
            {
                TopicId = topic,
                Partitions = partitions.Of(topic).ToArray(),
            }),
        ],
    };

    private static ConsumerGroupCurrentMemberAssignmentValue Value(CurrentAssignment assignment) => new()
    {
        MemberEpoch = assignment.Epoch,
        PreviousMemberEpoch = assignment.PreviousEpoch,
        State = (sbyte)assignment.State,
        AssignedPartitions = Value(assignment.Assigned),
        PartitionsPendingRevocation = Value(assignment.PendingRevocation),
    };

    private static ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions[] Value(AssignedPartitions partitions) =>
    [
        .. partitions.Set.Topics.Order().Select(topic => new ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions
        {
            TopicId = topic,
            Partitions = partitions.Set.Of(topic).ToArray(),
            AssignmentEpochs = [.. partitions.Set.Of(topic).ToArray().Select(partition => partitions.EpochOf(topic, partition)!.Value)],
        }),
    ];

    // Before Kafka 4.2 the epochs of the partitions are not told: they were given in the member's own epoch at the latest.
    private static AssignedPartitions Read(ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions[] topics, int memberEpoch) => AssignedPartitions.Of(
        topics.SelectMany(topic => topic.Partitions.Select((partition, i) =>
            (topic.TopicId, partition, topic.AssignmentEpochs is { } epochs && i < epochs.Length ? epochs[i] : memberEpoch))));
}
