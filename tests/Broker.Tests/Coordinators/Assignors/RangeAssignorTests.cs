using KBroker.Broker.Coordinators.Groups.Assignors;
using static KBroker.Broker.Tests.Coordinators.Assignors.RandomGroup;

namespace KBroker.Broker.Tests.Coordinators.Assignors;

/// <summary>What must hold of the range assignor.</summary>
public sealed class RangeAssignorTests
{
    private readonly RangeAssignor _assignor = new();

    [Fact]
    public void Name_IsTheOneMembersAskFor() => Assert.Equal("range", _assignor.Name);

    [Fact]
    public void Assign_NoMembers_IsEmpty() => Assert.Empty(_assignor.Assign(new AssignmentInput([], Topics(3))).Members);

    [Fact]
    public void Assign_TopicThatDoesNotExist_IsPassedOver()
    {
        TargetAssignment target = _assignor.Assign(new AssignmentInput([Member("a", [0, 7])], Topics(2)));
        Assert.Equal(TopicPartitionSet.Of([(Topic(0), 0), (Topic(0), 1)]), target.Members["a"]);
    }

    [Fact]
    public void Assign_TwoMembersThreePartitions_GivesTheFirstTheLongerStretchOfEachTopic()
    {
        TargetAssignment target = _assignor.Assign(new AssignmentInput([Member("b", [0, 1]), Member("a", [0, 1])], Topics(3, 3)));
        Assert.Equal(TopicPartitionSet.Of([(Topic(0), 0), (Topic(0), 1), (Topic(1), 0), (Topic(1), 1)]), target.Members["a"]);
        Assert.Equal(TopicPartitionSet.Of([(Topic(0), 2), (Topic(1), 2)]), target.Members["b"]);
    }

    [Fact]
    public void Assign_AnyGroup_DealsEachTopicOutByItsSubscribersInOrder() => ForSeeds(1_000, random =>
    {
        AssignmentInput input = WithHistory(random, random.Next(2) == 0 ? Homogeneous(random) : Heterogeneous(random));
        TargetAssignment target = _assignor.Assign(input);
        AssertComplete(input, target);
        foreach (AssignmentTopic topic in input.Topics.Values)
        {
            // A deal of one partition a round says how many each gets; who they are, their order.
            string[] subscribers =
            [
                .. input.Members.Where(member => member.SubscribedTopics.Contains(topic.Id))
                    .OrderBy(member => member.InstanceId is null).ThenBy(member => member.InstanceId ?? member.MemberId, StringComparer.Ordinal)
                    .Select(member => member.MemberId),
            ];
            if (subscribers.Length == 0) continue;
            IEnumerable<string> dealt = Enumerable.Range(0, topic.PartitionCount).Select(round => subscribers[round % subscribers.Length])
                .OrderBy(id => Array.IndexOf(subscribers, id));
            Assert.Equal(dealt, Enumerable.Range(0, topic.PartitionCount).Select(partition => target.Members.Single(one => one.Value.Contains(topic.Id, partition)).Key));
        }
    });

    [Fact]
    public void Assign_SameSubscriptionsAndSizes_GivesEachMemberTheSameNumbersOfEveryTopic() => ForSeeds(300, random =>
    {
        AssignmentInput input = Homogeneous(random);
        int partitions = random.Next(1, 20);
        input = input with { Topics = Topics([.. Enumerable.Repeat(partitions, input.Topics.Count)]) };
        TargetAssignment target = _assignor.Assign(input);
        Assert.All(target.Members.Values, set =>
        {
            for (int topic = 1; topic < input.Topics.Count; topic++) Assert.Equal(set.Of(Topic(0)).ToArray(), set.Of(Topic(topic)).ToArray());
        });
    });

    [Fact]
    public void Assign_StaticMembersUnderOtherIds_KeepTheirPartitions() => ForSeeds(300, random =>
    {
        AssignmentInput input = Heterogeneous(random);
        input = input with { Members = [.. input.Members.Select((member, i) => member with { InstanceId = $"instance-{i}" })] };
        AssignmentInput restarted = input with { Members = [.. input.Members.Select(member => member with { MemberId = $"{random.Next()}-{member.InstanceId}" })] };
        TargetAssignment before = _assignor.Assign(input);
        TargetAssignment after = _assignor.Assign(restarted);
        for (int i = 0; i < input.Members.Count; i++)
            Assert.Equal(before.Members[input.Members[i].MemberId], after.Members[restarted.Members[i].MemberId]);
    });

    [Fact]
    public void Assign_MembersWithoutInstance_ComeAfterStaticOnes()
    {
        TargetAssignment target = _assignor.Assign(new AssignmentInput([Member("a", [0]), Member("z", [0], instanceId: "z")], Topics(1)));
        Assert.Equal(1, target.Members["z"].Count);
        Assert.True(target.Members["a"].IsEmpty);
    }

    [Fact]
    public void Assign_AnotherOrderOfTheSame_IsEqual() => ForSeeds(300, random =>
    {
        AssignmentInput input = Heterogeneous(random);
        TargetAssignment one = _assignor.Assign(input);
        TargetAssignment other = _assignor.Assign(Shuffled(random, input));
        Assert.All(one.Members, member => Assert.Equal(member.Value, other.Members[member.Key]));
    });
}
