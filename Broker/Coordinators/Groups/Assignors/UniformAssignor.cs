namespace KBroker.Broker.Coordinators.Groups.Assignors;

/// <summary>
/// Spreads partitions evenly and leaves members what they have (KIP-848's <c>uniform</c>). Evenness comes first: no partition, and no
/// chain of partitions from member to member, could be moved so that two members' numbers come closer to each other by more than one.
/// Where all members subscribe to the same topics that means within one partition of each other, and then no partition moves that
/// evenness does not ask for: a member that leaves moves its own partitions alone, one that joins gets its share and nothing else moves.
/// </summary>
/// <remarks>
/// The work of evening out chains of members with overlapping subscriptions is bounded (<see cref="PartitionBalancer.DefaultVisits"/>):
/// past that an assignment is complete and near to even.
/// </remarks>
public sealed class UniformAssignor : IPartitionAssignor
{
    /// <summary>The name by which members ask for it.</summary>
    public const string UniformName = "uniform";

    /// <inheritdoc/>
    public string Name => UniformName;

    /// <inheritdoc/>
    public TargetAssignment Assign(AssignmentInput input) => Assign(input, out _);

    /// <summary>As <see cref="Assign(AssignmentInput)"/>, telling how much work it was.</summary>
    /// <param name="input">The group.</param>
    /// <param name="visits">Members looked at and partitions placed: a measure of work that no clock disturbs.</param>
    internal static TargetAssignment Assign(AssignmentInput input, out long visits)
    {
        ArgumentNullException.ThrowIfNull(input);

        // By id and by name, so that the order in which they come plays no part.
        AssignmentMember[] members = [.. input.Members];
        Array.Sort(members, static (one, other) => string.CompareOrdinal(one.MemberId, other.MemberId));
        AssignmentTopic[] topics = SubscribedTopics(input, members);

        var balancer = new PartitionBalancer(members.Length, [.. topics.Select(topic => topic.PartitionCount)], SubscriptionClass.Of(members, topics));
        Keep(balancer, members, topics);
        balancer.PlaceTheRest();
        balancer.EvenOut();
        visits = balancer.Visits;
        return Result(balancer, members, topics);
    }

    private static AssignmentTopic[] SubscribedTopics(AssignmentInput input, AssignmentMember[] members)
    {
        var subscribed = new HashSet<Guid>();
        foreach (AssignmentMember member in members) subscribed.UnionWith(member.SubscribedTopics);
        var topics = new List<AssignmentTopic>(subscribed.Count);
        foreach (Guid id in subscribed)
        {
            if (input.Topics.TryGetValue(id, out AssignmentTopic? topic)) topics.Add(topic);
        }

        topics.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name) is var byName and not 0 ? byName : one.Id.CompareTo(other.Id));
        return [.. topics];
    }

    private static void Keep(PartitionBalancer balancer, AssignmentMember[] members, AssignmentTopic[] topics)
    {
        var indexes = new Dictionary<Guid, int>(topics.Length);
        for (int topic = 0; topic < topics.Length; topic++) indexes.Add(topics[topic].Id, topic);
        var own = new List<int>();
        for (int member = 0; member < members.Length; member++)
        {
            own.Clear();
            foreach (Guid id in members[member].Current.Topics)
            {
                if (members[member].SubscribedTopics.Contains(id) && indexes.TryGetValue(id, out int topic)) own.Add(topic);
            }

            own.Sort();
            foreach (int topic in own)
            {
                foreach (int partition in members[member].Current.Of(topics[topic].Id)) balancer.TryKeep(topic, partition, member);
            }
        }
    }

    private static TargetAssignment Result(PartitionBalancer balancer, AssignmentMember[] members, AssignmentTopic[] topics)
    {
        var held = new Dictionary<Guid, List<int>>[members.Length];
        for (int member = 0; member < members.Length; member++) held[member] = [];
        for (int topic = 0; topic < topics.Length; topic++)
        {
            ReadOnlySpan<int> owners = balancer.OwnersOf(topic);
            for (int partition = 0; partition < owners.Length; partition++)
            {
                Dictionary<Guid, List<int>> own = held[owners[partition]];
                if (!own.TryGetValue(topics[topic].Id, out List<int>? partitions)) own.Add(topics[topic].Id, partitions = []);
                partitions.Add(partition);
            }
        }

        var assigned = new Dictionary<string, TopicPartitionSet>(members.Length, StringComparer.Ordinal);
        for (int member = 0; member < members.Length; member++)
        {
            TopicPartitionSet target = TopicPartitionSet.OfTopics(held[member].Select(one => (one.Key, (IEnumerable<int>)one.Value)));
            // What does not change stays the same object: comparing it later costs nothing.
            assigned.Add(members[member].MemberId, target.Equals(members[member].Current) ? members[member].Current : target);
        }

        return new TargetAssignment(assigned);
    }
}
