namespace KBroker.Broker.Coordinators.Groups.Assignors;

/// <summary>
/// A way to spread partitions over the members of a consumer group on the server's side (KIP-848). Pure: the same input gives the same
/// answer, on every broker.
/// </summary>
public interface IPartitionAssignor
{
    /// <summary>The name by which members ask for it, for instance <c>uniform</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Gives each partition of the topics that are subscribed to, to one of the members that subscribe to the topic. Every member is in
    /// the answer; a topic that is not in the input is passed over.
    /// </summary>
    TargetAssignment Assign(AssignmentInput input);
}
