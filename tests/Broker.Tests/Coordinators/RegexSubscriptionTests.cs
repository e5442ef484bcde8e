using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>Members that subscribe to topics by an expression.</summary>
public sealed class RegexSubscriptionTests
{
    private const int Many = 3_000;

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

    [Fact]
    public void Join_ExpressionThatIsTooMuchWork_IsRefusedSoonAndNothingHappens()
    {
        ConsumerRig rig = WithManyTopics();
        ConsumerHeartbeatAnswer refused = rig.Join("a", regex: Costly(450));
        Assert.Equal(ErrorCode.InvalidRegularExpression, refused.Error);
        Assert.Contains("20000000 steps", refused.Message, StringComparison.Ordinal);
        Assert.Empty(rig.Shards.Shard.Groups);
        Assert.Empty(rig.Shards.Log.Records);
    }

    [Fact]
    public void Join_OrdinaryExpressionAndManyTopics_IsNotTooMuchWork()
    {
        ConsumerRig rig = WithManyTopics();
        Assert.Equal(ErrorCode.None, rig.Join("a", regex: "(?i).*(sales|topic)[-_.](eu|us)?.*[0-9]{4}").Error);
        Assert.Equal(Many, rig.State.SubscribedTopicNames().Count);
    }

    [Fact]
    public void Expression_BecomesTooMuchWork_GoesOnNamingWhatItNamedAndOthersFollow()
    {
        var rig = new ConsumerRig(null, ("orders-1", 1));
        string costly = Costly(450);
        Assert.Equal(ErrorCode.None, rig.Join("a", regex: costly).Error);
        Assert.Equal(ErrorCode.None, rig.Join("b", regex: "orders-.*").Error);
        AddManyTopics(rig);
        rig.Shards.Topics.Create("orders-2", 1);
        for (int i = 0; i < 4; i++) Assert.Equal(ErrorCode.None, rig.Beat("a", rig.State.Members["a"].Epoch).Error);
        Assert.Equal(["orders-1"], rig.State.Regexes[costly].Topics);
        Assert.Equal(["orders-1", "orders-2"], rig.State.Regexes["orders-.*"].Topics);
        Assert.Empty(rig.Group.RegexProgress!.Pending);
    }

    [Fact]
    public void Refresh_MoreExpressionsThanOneEventMayMatch_TheRestFollowsWithTheNextHeartbeats()
    {
        var rig = new ConsumerRig(null, ("orders-1", 1));
        for (int i = 0; i < 4; i++) Assert.Equal(ErrorCode.None, rig.Join($"m{i}", regex: Costly(40 + i)).Error);
        AddManyTopics(rig);
        int beats = 0;
        int pendingBefore = 4;
        do
        {
            Assert.Equal(ErrorCode.None, rig.Beat("m0", rig.State.Members["m0"].Epoch).Error);
            int pending = rig.Group.RegexProgress!.Pending.Count;
            Assert.InRange(pending, 0, pendingBefore - 1);
            pendingBefore = pending;
            beats++;
        }
        while (pendingBefore > 0);
        Assert.InRange(beats, 2, 4);
        Assert.All(rig.State.Regexes.Values, resolved => Assert.Equal(Many + 1, resolved.Topics.Count));
    }

    [Fact]
    public void Expressions_OfRefusedAndGoneMembers_AreKeptNoMoreThanAFew()
    {
        var rig = new ConsumerRig(null, ("orders", 1));
        var regexes = new RegexSubscriptions(new GroupServices(null!, null!, () => new GroupConfig(), () => 0, Guid.NewGuid) { Topics = () => rig.Shards.Topics.Image });
        for (int i = 0; i < 100; i++)
            Assert.Null(regexes.Change(new ConsumerGroupDraft("g", ConsumerGroupState.Empty), null, $"(?:a{{1000}})x{i}"));
        Assert.Equal(RegexSubscriptions.MostKept, regexes.Kept);
    }

    // Reaches nearly all of its steps at each character of any name that is long enough.
    private static string Costly(int steps) => $"(.{{0,1}}){{{steps}}}";

    private static ConsumerRig WithManyTopics()
    {
        var rig = new ConsumerRig(null);
        AddManyTopics(rig);
        return rig;
    }

    private static void AddManyTopics(ConsumerRig rig)
    {
        for (int i = 0; i < Many; i++) rig.Shards.Topics.Create($"sales-topic-eu-{i:0000}", 1);
    }
}
