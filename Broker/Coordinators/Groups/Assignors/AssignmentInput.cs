namespace KBroker.Broker.Coordinators.Groups.Assignors;

/// <summary>What an assignor knows of a group.</summary>
/// <param name="Members">The members.</param>
/// <param name="Topics">The topics that exist, by id; all that members subscribe to, and perhaps more.</param>
public sealed record AssignmentInput(IReadOnlyList<AssignmentMember> Members, IReadOnlyDictionary<Guid, AssignmentTopic> Topics);

/// <summary>A member as an assignor sees it.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">Its instance id, if it is static.</param>
/// <param name="RackId">Its rack; null if it did not say.</param>
/// <param name="SubscribedTopics">The ids of the topics it subscribes to, by name or by expression.</param>
/// <param name="Current">What it was to have until now: an assignor that is sticky leaves it as much of this as it can.</param>
public sealed record AssignmentMember(
    string MemberId, string? InstanceId, string? RackId, IReadOnlySet<Guid> SubscribedTopics, TopicPartitionSet Current);

/// <summary>A topic as an assignor sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="PartitionCount">Its partitions: 0 to this, exclusive.</param>
/// <param name="Racks">The racks of the replicas of each partition; empty where they are not known.</param>
public sealed record AssignmentTopic(Guid Id, string Name, int PartitionCount, IReadOnlyList<IReadOnlyList<string>> Racks);

/// <summary>What each member is to have.</summary>
/// <param name="Members">By member id.</param>
public sealed record TargetAssignment(IReadOnlyDictionary<string, TopicPartitionSet> Members);
