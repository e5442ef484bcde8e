namespace KBroker.Broker.Coordinators.Groups.Assignors;

/// <summary>
/// Gives each member the same stretch of every topic (KIP-848's <c>range</c>): members that subscribe to the same topics of the same
/// size hold the same partition numbers of each, as joins of streams need it. A member's place among the others decides its stretch:
/// static members come first, by instance id, so that a restart under another member id changes nothing; what a member held before
/// plays no part.
/// </summary>
public sealed class RangeAssignor : IPartitionAssignor
{
    /// <summary>The name by which members ask for it.</summary>
    public const string RangeName = "range";

    /// <inheritdoc/>
    public string Name => RangeName;

    /// <inheritdoc/>
    public TargetAssignment Assign(AssignmentInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        AssignmentMember[] members = [.. input.Members];
        Array.Sort(members, ComparePlaces);

        var subscribers = new Dictionary<Guid, int>();
        foreach (AssignmentMember member in members)
        {
            foreach (Guid topic in member.SubscribedTopics)
                subscribers[topic] = subscribers.GetValueOrDefault(topic) + 1;
        }

        var places = new Dictionary<Guid, int>(subscribers.Count);
        var assigned = new Dictionary<string, TopicPartitionSet>(members.Length, StringComparer.Ordinal);
        foreach (AssignmentMember member in members)
        {
            var stretches = new List<(Guid Topic, IEnumerable<int> Partitions)>(member.SubscribedTopics.Count);
            foreach (Guid id in member.SubscribedTopics)
            {
                if (!input.Topics.TryGetValue(id, out AssignmentTopic? topic)) continue;
                int place = places.GetValueOrDefault(id);
                places[id] = place + 1;
                (int start, int length) = Stretch(topic.PartitionCount, subscribers[id], place);
                if (length > 0) stretches.Add((id, Enumerable.Range(start, length)));
            }

            assigned.Add(member.MemberId, TopicPartitionSet.OfTopics(stretches));
        }

        return new TargetAssignment(assigned);
    }

    // The partitions that do not divide evenly go one each to the first members.
    private static (int Start, int Length) Stretch(int partitions, int members, int place)
    {
        int each = partitions / members;
        int longer = partitions % members;
        return ((place * each) + Math.Min(place, longer), each + (place < longer ? 1 : 0));
    }

    private static int ComparePlaces(AssignmentMember one, AssignmentMember other) => (one.InstanceId, other.InstanceId) switch
    {
        (not null, not null) => string.CompareOrdinal(one.InstanceId, other.InstanceId),
        (not null, null) => -1,
        (null, not null) => 1,
        _ => string.CompareOrdinal(one.MemberId, other.MemberId),
    };
}
