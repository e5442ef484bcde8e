using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>Members that subscribe to topics by an expression.</summary>
public sealed class RegexSubscriptionTests
{
    [Fact]
    public void Join_Expression_GivesAllTopicsThatItNames()
    {
        var rig = new ConsumerRig(null, ("orders-1", 1), ("orders-2", 2), ("other", 3));
        ConsumerHeartbeatAnswer joined = rig.Join("a", regex: "orders-.*");
        Assert.Equal(rig.Parts("orders-1", 0).Union(rig.Parts("orders-2", 0, 1)), joined.Assignment);
    }

    [Fact]
    public void Join_ExpressionAndNames_GiveBoth()
    {
        var rig = new ConsumerRig(null, ("orders", 1), ("other", 1), ("third", 1));
        Assert.Equal(rig.Parts("orders", 0).Union(rig.Parts("other", 0)), rig.Join("a", topics: ["other"], regex: "ord.*").Assignment);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("a(")]
    [InlineData("(?=a)")]
    public void Join_ExpressionThatIsNone_IsRefusedAndNothingHappens(string regex)
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        ConsumerHeartbeatAnswer refused = rig.Join("a", regex: regex);
        Assert.Equal(ErrorCode.InvalidRegularExpression, refused.Error);
        Assert.NotEmpty(refused.Message!);
        Assert.Empty(rig.Shards.Shard.Groups);
        Assert.Empty(rig.Shards.Log.Records);
    }

    [Fact]
    public void Topics_ComeAndGo_MembersFollowOnTheNextHeartbeat()
    {
        var rig = new ConsumerRig(null, ("orders-1", 1));
        rig.Join("a", regex: "orders-.*");
        rig.Shards.Topics.Create("other", 1);
        Assert.Equal(1, rig.Beat("a", 1).MemberEpoch);
        rig.Shards.Topics.Create("orders-2", 1);
        Assert.Equal(2, rig.Beat("a", 1).Assignment!.Count);
        TopicPartitionSet left = rig.Parts("orders-2", 0);
        rig.Shards.Topics.Delete("orders-1");
        Assert.Equal(left, rig.Beat("a", 2).Assignment);
    }

    [Fact]
    public void Topic_ComesJustBeforeAMemberLeaves_TheOthersAreGivenIt()
    {
        var rig = new ConsumerRig(null, ("orders-1", 1));
        rig.Join("a", regex: "orders-.*");
        rig.Join("b", regex: "orders-.*");
        rig.Shards.Topics.Create("orders-2", 1);
        rig.Beat("b", -1);
        int epoch = 1;
        for (int i = 0; i < 3; i++) epoch = rig.Beat("a", epoch, rig.State.Members["a"].Current.Assigned.Set).MemberEpoch;
        Assert.Equal(rig.Parts("orders-1", 0).Union(rig.Parts("orders-2", 0)), rig.State.Members["a"].Current.Assigned.Set);
    }

    [Fact]
    public void Expression_Changed_TopicsFollowAndTheOldOneIsForgotten()
    {
        var rig = new ConsumerRig(null, ("orders", 1), ("other", 1));
        rig.Join("a", regex: "orders");
        ConsumerHeartbeatAnswer changed = rig.Beat("a", 1, rig.Parts("orders", 0), regex: "other");
        Assert.Equal(TopicPartitionSet.Empty, changed.Assignment);
        Assert.Equal(rig.Parts("other", 0), rig.Beat("a", 1, TopicPartitionSet.Empty).Assignment);
        Assert.Equal(["other"], rig.State.Regexes.Keys);
    }

    [Fact]
    public void Expression_OfTwoMembers_GoesWithTheLastOfThem()
    {
        var rig = new ConsumerRig(null, ("orders", 2));
        rig.Join("a", regex: "orders");
        rig.Join("b", regex: "orders");
        rig.Beat("a", -1);
        Assert.Single(rig.State.Regexes);
        rig.Shards.Move();
        Assert.Equal(["orders"], rig.State.Regexes["orders"].Topics);
        rig.Beat("b", -1);
        Assert.Empty(rig.State.Regexes);
        Assert.Empty(rig.State.SubscribedTopicNames());
    }

    [Fact]
    public void Expression_TakenBack_TheMemberHasNothing()
    {
        var rig = new ConsumerRig(null, ("orders", 1));
        rig.Join("a", regex: "orders");
        Assert.Equal(TopicPartitionSet.Empty, rig.Beat("a", 1, rig.Parts("orders", 0), regex: "").Assignment);
        Assert.Null(rig.State.Members["a"].Subscription.Regex);
    }
}
