namespace KBroker.Broker.Coordinators.Groups.Assignors;

/// <summary>
/// Topics that the same members subscribe to: their partitions can stand for one another. A group whose members all subscribe to the
/// same has one class.
/// </summary>
/// <param name="topics">The topics, as indexes, ascending.</param>
/// <param name="subscribers">The members, as indexes, ascending; at least one.</param>
internal sealed class SubscriptionClass(int[] topics, int[] subscribers)
{
    /// <summary>The topics, as indexes, ascending.</summary>
    public IReadOnlyList<int> Topics { get; } = topics;

    /// <summary>The members that subscribe to these topics, as indexes, ascending.</summary>
    public int[] Subscribers { get; } = subscribers;

    /// <summary>The classes of topics, the one with the first topic first. Each topic has a subscriber.</summary>
    public static IReadOnlyList<SubscriptionClass> Of(AssignmentMember[] members, AssignmentTopic[] topics)
    {
        var indexes = new Dictionary<Guid, int>(topics.Length);
        var subscribers = new List<int>[topics.Length];
        for (int topic = 0; topic < topics.Length; topic++)
        {
            indexes.Add(topics[topic].Id, topic);
            subscribers[topic] = [];
        }

        for (int member = 0; member < members.Length; member++)
        {
            foreach (Guid id in members[member].SubscribedTopics)
            {
                if (indexes.TryGetValue(id, out int topic)) subscribers[topic].Add(member);
            }
        }

        return
        [
            .. Enumerable.Range(0, topics.Length)
                .GroupBy(topic => subscribers[topic], SameMembers.Instance)
                .Select(one => new SubscriptionClass([.. one], [.. one.Key])),
        ];
    }

    private sealed class SameMembers : IEqualityComparer<List<int>>
    {
        public static SameMembers Instance { get; } = new();

        public bool Equals(List<int>? x, List<int>? y) => x is not null && y is not null && x.SequenceEqual(y);

        public int GetHashCode(List<int> obj)
        {
            var hash = default(HashCode);
            foreach (int member in obj) hash.Add(member);
            return hash.ToHashCode();
        }
    }
}
