using KBroker.Broker.Coordinators.Groups.Assignors;

namespace KBroker.Broker.Tests.Coordinators.Assignors;

/// <summary>Groups to assign partitions to, made from a seed, and what can be counted in an assignment.</summary>
internal static class RandomGroup
{
    public static Guid Topic(int number) => new(number, 0, 0, new byte[8]);

    public static Dictionary<Guid, AssignmentTopic> Topics(params int[] partitions) =>
        partitions.Select((count, i) => new AssignmentTopic(Topic(i), $"topic-{i:D5}", count, [])).ToDictionary(topic => topic.Id);

    public static AssignmentMember Member(string id, IEnumerable<int> topics, TopicPartitionSet? current = null, string? instanceId = null) =>
        new(id, instanceId, null, topics.Select(Topic).ToHashSet(), current ?? TopicPartitionSet.Empty);

    /// <summary>A group whose members subscribe to the same topics; with what they had before, valid or not.</summary>
    public static AssignmentInput Homogeneous(Random random, int maxMembers = 8)
    {
        Dictionary<Guid, AssignmentTopic> topics = Topics([.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(1, 10))]);
        int members = random.Next(1, maxMembers);
        return new AssignmentInput(
            [.. Enumerable.Range(0, members).Select(i => Member($"m{i}", Enumerable.Range(0, topics.Count), instanceId: random.Next(3) == 0 ? $"i{random.Next(1_000)}-{i}" : null))],
            topics);
    }

    /// <summary>A group whose members each subscribe to what they like.</summary>
    public static AssignmentInput Heterogeneous(Random random, int maxMembers = 8, int maxTopics = 6, int maxPartitions = 10)
    {
        Dictionary<Guid, AssignmentTopic> topics = Topics([.. Enumerable.Range(0, random.Next(1, maxTopics)).Select(_ => random.Next(1, maxPartitions))]);
        int members = random.Next(1, maxMembers);
        return new AssignmentInput(
            [.. Enumerable.Range(0, members).Select(i => Member($"m{i}", Enumerable.Range(0, topics.Count).Where(_ => random.Next(2) == 0)))],
            topics);
    }

    /// <summary>The same group in which members have had something before: each partition somebody, whether subscribed or not, some twice.</summary>
    public static AssignmentInput WithHistory(Random random, AssignmentInput input)
    {
        var had = input.Members.ToDictionary(member => member.MemberId, _ => new List<(Guid, int)>());
        string[] ids = [.. had.Keys];
        foreach (AssignmentTopic topic in input.Topics.Values)
        {
            // Two partitions more than there are: they were deleted.
            for (int partition = 0; partition < topic.PartitionCount + 2; partition++)
            {
                for (int owners = random.Next(8) is 0 ? 2 : random.Next(4) == 0 ? 0 : 1; owners > 0; owners--)
                    had[ids[random.Next(random.Next(1, ids.Length + 1))]].Add((topic.Id, partition));
            }
        }

        return input with { Members = [.. input.Members.Select(member => member with { Current = TopicPartitionSet.Of(had[member.MemberId]) })] };
    }

    /// <summary>The same group after an assignment.</summary>
    public static AssignmentInput After(AssignmentInput input, TargetAssignment target) =>
        input with { Members = [.. input.Members.Select(member => member with { Current = target.Members[member.MemberId] })] };

    public static AssignmentInput Shuffled(Random random, AssignmentInput input)
    {
        AssignmentMember[] members = [.. input.Members];
        random.Shuffle(members);
        AssignmentTopic[] topics = [.. input.Topics.Values];
        random.Shuffle(topics);
        return new AssignmentInput(members, topics.ToDictionary(topic => topic.Id));
    }

    /// <summary>Every partition of a topic that somebody subscribes to has one owner, who subscribes to it; nothing else is owned.</summary>
    public static void AssertComplete(AssignmentInput input, TargetAssignment target)
    {
        Assert.Equal(input.Members.Select(member => member.MemberId).Order(StringComparer.Ordinal), target.Members.Keys.Order(StringComparer.Ordinal));
        var owners = new Dictionary<(Guid, int), string>();
        foreach (AssignmentMember member in input.Members)
        {
            foreach ((Guid topic, int partition) in target.Members[member.MemberId].All)
            {
                Assert.Contains(topic, member.SubscribedTopics);
                Assert.True(owners.TryAdd((topic, partition), member.MemberId), $"{topic}-{partition} has two owners");
                Assert.InRange(partition, 0, input.Topics[topic].PartitionCount - 1);
            }
        }

        int expected = input.Topics.Values.Where(topic => input.Members.Any(member => member.SubscribedTopics.Contains(topic.Id))).Sum(topic => topic.PartitionCount);
        Assert.Equal(expected, owners.Count);
    }

    /// <summary>Repeats a check over seeds and says which failed.</summary>
    public static void ForSeeds(int count, Action<Random> check)
    {
        for (int seed = 0; seed < count; seed++)
        {
            try
            {
                check(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }
    }
}
