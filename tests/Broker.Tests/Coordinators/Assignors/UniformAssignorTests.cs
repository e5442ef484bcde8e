using KBroker.Broker.Coordinators.Groups.Assignors;
using static KBroker.Broker.Tests.Coordinators.Assignors.RandomGroup;

namespace KBroker.Broker.Tests.Coordinators.Assignors;

/// <summary>What must hold of the uniform assignor, checked against models that try everything.</summary>
public sealed class UniformAssignorTests
{
    private readonly UniformAssignor _assignor = new();

    [Fact]
    public void Name_IsTheOneMembersAskFor() => Assert.Equal("uniform", _assignor.Name);

    [Fact]
    public void Assign_NoMembers_IsEmpty() => Assert.Empty(_assignor.Assign(new AssignmentInput([], Topics(3))).Members);

    [Fact]
    public void Assign_NoSubscriptions_GivesEverybodyNothing()
    {
        TargetAssignment target = _assignor.Assign(new AssignmentInput([Member("a", []), Member("b", [])], Topics(3)));
        Assert.All(target.Members.Values, set => Assert.True(set.IsEmpty));
        Assert.Equal(2, target.Members.Count);
    }

    [Fact]
    public void Assign_TopicThatDoesNotExist_IsPassedOver()
    {
        TargetAssignment target = _assignor.Assign(new AssignmentInput([Member("a", [0, 7])], Topics(2)));
        Assert.Equal(TopicPartitionSet.Of([(Topic(0), 0), (Topic(0), 1)]), target.Members["a"]);
    }

    [Fact]
    public void Assign_AnyGroup_GivesEachPartitionToOneSubscriber() => ForSeeds(1_000, random =>
    {
        AssignmentInput input = WithHistory(random, random.Next(2) == 0 ? Homogeneous(random) : Heterogeneous(random));
        AssertComplete(input, _assignor.Assign(input));
    });

    [Fact]
    public void Assign_SameSubscriptions_IsWithinOnePartition() => ForSeeds(1_000, random =>
    {
        AssignmentInput input = WithHistory(random, Homogeneous(random));
        int[] loads = [.. _assignor.Assign(input).Members.Values.Select(set => set.Count)];
        Assert.InRange(loads.Max() - loads.Min(), 0, 1);
    });

    [Fact]
    public void Assign_AnySubscriptions_NoChainOfMovesMakesItMoreEven() => ForSeeds(1_500, random =>
    {
        AssignmentInput input = WithHistory(random, Heterogeneous(random, maxMembers: 12, maxTopics: 9));
        TargetAssignment target = _assignor.Assign(input);
        foreach ((AssignmentMember from, AssignmentMember to) in CanPassOn(input, target))
            Assert.InRange(target.Members[from.MemberId].Count - target.Members[to.MemberId].Count, int.MinValue, 1);
    });

    [Fact]
    public void Assign_SmallGroup_IsAsEvenAsTheBestOfAllAssignments() => ForSeeds(300, random =>
    {
        AssignmentInput input = WithHistory(random, Heterogeneous(random, maxMembers: 4, maxTopics: 4, maxPartitions: 4));
        int[] loads = [.. _assignor.Assign(input).Members.Values.Select(set => set.Count)];
        Assert.Equal(LeastSquares(input), loads.Sum(load => load * load));
    });

    [Fact]
    public void Assign_Again_ChangesNothing() => ForSeeds(500, random =>
    {
        AssignmentInput input = WithHistory(random, Heterogeneous(random));
        TargetAssignment first = _assignor.Assign(input);
        TargetAssignment second = _assignor.Assign(After(input, first));
        Assert.All(first.Members, one => Assert.Same(one.Value, second.Members[one.Key]));
    });

    [Fact]
    public void Assign_SameSubscriptions_KeepsAsMuchAsEvennessAllows() => ForSeeds(1_000, random =>
    {
        AssignmentInput input = WithHistory(random, Homogeneous(random));
        TargetAssignment target = _assignor.Assign(input);

        // What each member may keep is what nobody before it claims, up to its share; the larger shares go where they keep something.
        var claimed = new HashSet<(Guid, int)>();
        int[] had = [.. input.Members.OrderBy(member => member.MemberId, StringComparer.Ordinal).Select(member =>
            member.Current.All.Count(one => one.Partition < input.Topics[one.Topic].PartitionCount && claimed.Add(one)))];
        int partitions = input.Topics.Values.Sum(topic => topic.PartitionCount);
        int share = partitions / had.Length;
        int larger = Math.Min(partitions % had.Length, had.Count(count => count > share));
        int keepable = had.Sum(count => Math.Min(count, share)) + larger;
        int kept = input.Members.Sum(member => member.Current.Intersect(target.Members[member.MemberId]).Count);
        // Of a partition that two claimed, the second may get it by chance.
        Assert.InRange(kept, keepable, int.MaxValue);
    });

    [Fact]
    public void Assign_SameSubscriptionsAndOneLeaves_MovesItsPartitionsAlone() => ForSeeds(500, random =>
    {
        AssignmentInput group = Homogeneous(random);
        AssignmentInput before = After(group, _assignor.Assign(group));
        AssignmentMember gone = before.Members[random.Next(before.Members.Count)];
        AssignmentInput input = before with { Members = [.. before.Members.Where(member => member != gone)] };
        if (input.Members.Count == 0) return;
        TargetAssignment target = _assignor.Assign(input);
        Assert.All(input.Members, member => Assert.True(member.Current.Except(target.Members[member.MemberId]).IsEmpty, $"{member.MemberId} lost something"));
        int moved = input.Members.Sum(member => target.Members[member.MemberId].Except(member.Current).Count);
        Assert.Equal(gone.Current.Count, moved);
    });

    [Fact]
    public void Assign_SameSubscriptionsAndOneJoins_MovesItsShareAlone() => ForSeeds(500, random =>
    {
        AssignmentInput group = Homogeneous(random);
        AssignmentInput input = After(group, _assignor.Assign(group));
        AssignmentMember joined = group.Members[0] with { MemberId = $"m{random.Next(100)}-new", Current = TopicPartitionSet.Empty };
        input = input with { Members = [.. input.Members, joined] };
        TargetAssignment target = _assignor.Assign(input);
        int share = group.Topics.Values.Sum(topic => topic.PartitionCount) / input.Members.Count;
        Assert.Equal(share, target.Members[joined.MemberId].Count);
        Assert.All(group.Members, member => Assert.True(
            target.Members[member.MemberId].Except(input.Members.Single(one => one.MemberId == member.MemberId).Current).IsEmpty));
    });

    [Fact]
    public void Assign_AnotherOrderOfTheSame_IsEqual() => ForSeeds(500, random =>
    {
        AssignmentInput input = WithHistory(random, Heterogeneous(random));
        TargetAssignment one = _assignor.Assign(input);
        TargetAssignment other = _assignor.Assign(Shuffled(random, input));
        Assert.All(one.Members, member => Assert.Equal(member.Value, other.Members[member.Key]));
    });

    [Fact]
    public void Assign_SeveralTopics_SpreadsEachOfThem()
    {
        AssignmentInput input = new([.. Enumerable.Range(0, 4).Select(i => Member($"m{i}", [0, 1, 2]))], Topics(8, 8, 8));
        TargetAssignment target = _assignor.Assign(input);
        Assert.All(target.Members.Values, set => Assert.All(Enumerable.Range(0, 3), topic => Assert.Equal(2, set.Of(Topic(topic)).Length)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Assign_ThousandMembersTenThousandPartitions_TakesAFewVisitsPerPartition(bool mixed)
    {
        AssignmentInput input = Large(mixed);
        TargetAssignment first = UniformAssignor.Assign(input, out long visits);
        Assert.InRange(visits, 10_000, 1_000_000);
        AssertComplete(input, first);

        AssignmentInput fewer = After(input, first);
        fewer = fewer with { Members = [.. fewer.Members.Skip(100)] };
        UniformAssignor.Assign(fewer, out visits);
        Assert.InRange(visits, 9_000, 1_000_000);
    }

    [Fact]
    public void Assign_HostileSubscriptions_StopsInTimeAndIsComplete()
    {
        // A ring in which every member overlaps with the next by one topic, and the first has everything: the longest chains there are.
        const int members = 2_000;
        Dictionary<Guid, AssignmentTopic> topics = Topics([.. Enumerable.Repeat(6, members)]);
        AssignmentInput input = new(
            [.. Enumerable.Range(0, members).Select(i => Member(
                $"m{i:D5}", [i, (i + 1) % members], TopicPartitionSet.OfTopics(i < members / 2 ? [(Topic(i), Enumerable.Range(0, 6)), (Topic((i + 1) % members), Enumerable.Range(0, 6))] : [])))],
            topics);
        TargetAssignment target = UniformAssignor.Assign(input, out long visits);
        AssertComplete(input, target);
        Assert.InRange(visits, 0, PartitionBalancer.DefaultVisits + 1_000_000);
    }

    private static AssignmentInput Large(bool mixed)
    {
        var random = new Random(1);
        return new AssignmentInput(
            [.. Enumerable.Range(0, 1_000).Select(i => Member($"m{i:D5}", mixed ? Enumerable.Range(0, 100).Where(_ => random.Next(5) == 0) : Enumerable.Range(0, 100)))],
            Topics([.. Enumerable.Repeat(100, 100)]));
    }

    /// <summary>All pairs of members between which a partition can be passed on, directly or through others.</summary>
    private static IEnumerable<(AssignmentMember From, AssignmentMember To)> CanPassOn(AssignmentInput input, TargetAssignment target)
    {
        int count = input.Members.Count;
        var can = new bool[count, count];
        for (int from = 0; from < count; from++)
        {
            foreach (Guid topic in target.Members[input.Members[from].MemberId].Topics)
            {
                for (int to = 0; to < count; to++) can[from, to] |= input.Members[to].SubscribedTopics.Contains(topic);
            }
        }

        for (int through = 0; through < count; through++)
        {
            for (int from = 0; from < count; from++)
            {
                for (int to = 0; to < count; to++) can[from, to] |= can[from, through] && can[through, to];
            }
        }

        for (int from = 0; from < count; from++)
        {
            for (int to = 0; to < count; to++)
            {
                if (can[from, to]) yield return (input.Members[from], input.Members[to]);
            }
        }
    }

    /// <summary>The least sum of squared loads of all assignments, by trying every one.</summary>
    private static int LeastSquares(AssignmentInput input)
    {
        int[][] choices =
        [
            .. input.Topics.Values.SelectMany(topic => Enumerable.Repeat(
                Enumerable.Range(0, input.Members.Count).Where(i => input.Members[i].SubscribedTopics.Contains(topic.Id)).ToArray(), topic.PartitionCount))
                .Where(subscribers => subscribers.Length > 0),
        ];
        return Try(choices, 0, new int[input.Members.Count]);
    }

    private static int Try(int[][] choices, int at, int[] loads)
    {
        if (at == choices.Length) return loads.Sum(load => load * load);
        int best = int.MaxValue;
        foreach (int member in choices[at])
        {
            loads[member]++;
            best = Math.Min(best, Try(choices, at + 1, loads));
            loads[member]--;
        }

        return best;
    }
}
