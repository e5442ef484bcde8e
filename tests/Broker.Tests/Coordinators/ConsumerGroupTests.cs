using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>What members of the consumer protocol are answered (KIP-848).</summary>
public sealed class ConsumerGroupTests
{
    [Fact]
    public void State_MembersOfTheSameTopics_ShareOneList()
    {
        ConsumerGroupState state = ConsumerGroupState.Empty;
        foreach ((string id, string[] topics) in new (string, string[])[] { ("a", ["t", "u"]), ("b", ["t", "u"]), ("c", ["v"]) })
            state = state.Apply(new ConsumerGroupChange.Member(id, new MemberSubscription { Topics = topics }));
        Assert.Same(state.Members["a"].Subscription.Topics, state.Members["b"].Subscription.Topics);
        Assert.Equal(["v"], state.Members["c"].Subscription.Topics);
        Assert.Equal(["t", "u", "v"], state.SubscribedTopicNames().Order());
    }

    [Fact]
    public void Join_FirstMember_IsGivenAllPartitionsInEpoch1()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        ConsumerHeartbeatAnswer joined = rig.Join("a");
        Assert.Equal((ErrorCode.None, "a", 1, 5_000), (joined.Error, joined.MemberId, joined.MemberEpoch, joined.HeartbeatIntervalMs));
        Assert.Equal(rig.Parts(0, 1, 2, 3, 4, 5), joined.Assignment);
        Assert.Equal("Stable", rig.Group.StateName);
        Assert.Null(rig.Beat("a", 1).Assignment);
    }

    [Fact]
    public void Join_WithoutId_IsGivenOne()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string? id = rig.Join("").MemberId;
        Assert.False(string.IsNullOrEmpty(id));
        Assert.Equal(ErrorCode.None, rig.Beat(id, 1).Error);
    }

    [Fact]
    public void Join_SecondMember_GetsPartitionsOnlyWhenTheFirstHasLetThemGo()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        ConsumerHeartbeatAnswer b = rig.Join("b");
        Assert.Equal((2, TopicPartitionSet.Empty), (b.MemberEpoch, b.Assignment));
        Assert.Equal("Reconciling", rig.Group.StateName);

        // The first is told what is left to it, and stays in its epoch while it holds more.
        ConsumerHeartbeatAnswer a = rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5));
        Assert.Equal((1, 3), (a.MemberEpoch, a.Assignment!.Count));
        Assert.Null(rig.Beat("b", 2, TopicPartitionSet.Empty).Assignment);
        Assert.Equal(1, rig.Beat("a", 1).MemberEpoch);
        Assert.Equal(1, rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5)).MemberEpoch);

        // It has let go: it reaches the epoch, and the second gets them.
        Assert.Equal(2, rig.Beat("a", 1, a.Assignment).MemberEpoch);
        b = rig.Beat("b", 2, TopicPartitionSet.Empty);
        Assert.Equal(rig.Parts(0, 1, 2, 3, 4, 5).Except(a.Assignment), b.Assignment);
        Assert.Equal("Stable", rig.Group.StateName);
    }

    [Fact]
    public void Leave_Member_ItsPartitionsGoToTheOthers()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        TwoStableMembers(rig);
        ConsumerHeartbeatAnswer left = rig.Beat("b", -1);
        Assert.Equal((ErrorCode.None, -1), (left.Error, left.MemberEpoch));
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("b", -1).Error);
        ConsumerHeartbeatAnswer a = rig.Beat("a", 2);
        Assert.Equal((3, 6), (a.MemberEpoch, a.Assignment!.Count));
    }

    [Fact]
    public void Leave_LastMember_GroupIsEmptyAndMayBeDeleted()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        Assert.Equal(ErrorCode.NonEmptyGroup, Delete(rig));
        rig.Beat("a", -1);
        Assert.Equal(("Empty", 2, 2), (rig.Group.StateName, rig.State.GroupEpoch, rig.State.AssignmentEpoch));
        Assert.Equal(ErrorCode.None, Delete(rig));
        Assert.False(rig.Shards.Shard.TryGetConsumers("g", out _));
        rig.Shards.Move();
        Assert.Empty(rig.Shards.Shard.Groups);
    }

    [Fact]
    public void Session_SilentMember_IsOut()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        TwoStableMembers(rig);
        rig.Shards.Advance(30_000);
        rig.Beat("a", 2);
        rig.Shards.Advance(15_001);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("b", 2).Error);
        Assert.Equal(6, rig.Beat("a", 2).Assignment!.Count);
    }

    [Fact]
    public void Session_LogRefuses_MemberIsTakenOutLater()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        rig.Shards.Log.Refusal = ErrorCode.NotCoordinator;
        rig.Shards.Advance(45_001);
        Assert.Single(rig.State.Members);
        rig.Shards.Log.Refusal = ErrorCode.None;
        rig.Shards.Advance(45_001);
        Assert.Empty(rig.State.Members);
    }

    [Fact]
    public void RebalanceTimeout_MemberThatDoesNotLetGo_IsOut()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a", rebalanceTimeoutMs: 20_000);
        rig.Join("b");
        rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5));
        rig.Shards.Advance(15_000);
        Assert.Equal(ErrorCode.None, rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5)).Error);
        rig.Shards.Advance(5_001);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5)).Error);
        Assert.Equal(6, rig.Beat("b", 2).Assignment!.Count);
    }

    [Fact]
    public void RebalanceTimeout_OverAMove_StillRuns()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a", rebalanceTimeoutMs: 20_000);
        rig.Join("b");
        rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5));
        rig.Shards.Move();
        rig.Shards.Advance(20_001);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5)).Error);
    }

    [Fact]
    public void Heartbeat_UnknownGroupOrMember_IsRefused()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        Assert.Equal(ErrorCode.GroupIdNotFound, rig.Beat("a", 1).Error);
        Assert.Equal(ErrorCode.GroupIdNotFound, rig.Beat("a", -1).Error);
        rig.Join("a");
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("b", 1).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("b", -1).Error);
    }

    [Fact]
    public void Heartbeat_OtherEpoch_IsFenced()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        TwoStableMembers(rig);
        Assert.Equal(ErrorCode.FencedMemberEpoch, rig.Beat("a", 3).Error);
        Assert.Equal(ErrorCode.FencedMemberEpoch, rig.Beat("a", 1).Error);
        // One that holds more than it has been given is behind for good.
        Assert.Equal(ErrorCode.FencedMemberEpoch, rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5)).Error);
        // One that did not hear the answer says the epoch before, and no more than it has.
        ConsumerHeartbeatAnswer again = rig.Beat("a", 1, rig.State.Members["a"].Current.Assigned.Set);
        Assert.Equal((ErrorCode.None, 2), (again.Error, again.MemberEpoch));
    }

    [Fact]
    public void Heartbeat_FencedMember_JoinsAgainWithEpoch0()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        TwoStableMembers(rig);
        ConsumerHeartbeatAnswer again = rig.Join("a");
        Assert.Equal((ErrorCode.None, 2, 3), (again.Error, again.MemberEpoch, again.Assignment!.Count));
    }

    [Fact]
    public void Heartbeat_SubscriptionChanged_MovesTheMemberToOtherTopics()
    {
        var rig = new ConsumerRig(null, ("t", 2), ("u", 2));
        rig.Join("a");
        ConsumerHeartbeatAnswer a = rig.Beat("a", 1, rig.Parts(0, 1), topics: ["u"]);
        // What it does not subscribe to any more it has to let go first.
        Assert.Equal((1, 0), (a.MemberEpoch, a.Assignment!.Count));
        a = rig.Beat("a", 1, TopicPartitionSet.Empty);
        Assert.Equal((2, rig.Parts("u", 0, 1)), (a.MemberEpoch, a.Assignment));
    }

    [Fact]
    public void Join_SubscribedToNothing_IsMemberWithoutPartitions()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        ConsumerHeartbeatAnswer joined = rig.Join("a", topics: []);
        Assert.Equal((ErrorCode.None, 1, 0), (joined.Error, joined.MemberEpoch, joined.Assignment!.Count));
    }

    [Fact]
    public void Topic_AppearsGrowsAndGoes_MembersFollow()
    {
        var rig = new ConsumerRig();
        Assert.Equal(0, rig.Join("a").Assignment!.Count);
        rig.Shards.Topics.Create("t", 2);
        Assert.Equal(rig.Parts(0, 1), rig.Beat("a", 1).Assignment);
        rig.Shards.Topics.Grow("t", 3);
        Assert.Equal(rig.Parts(0, 1, 2), rig.Beat("a", 2).Assignment);
        rig.Shards.Topics.Create("other", 1);
        Assert.Equal(3, rig.Beat("a", 3).MemberEpoch);
        TopicPartitionSet old = rig.Parts(0, 1, 2);
        rig.Shards.Topics.Delete("t");
        Assert.Equal(TopicPartitionSet.Empty, rig.Beat("a", 3, old).Assignment);
        Assert.Equal(4, rig.Beat("a", 3, TopicPartitionSet.Empty).MemberEpoch);
        // A topic made again under the name has another id.
        rig.Shards.Topics.Create("t", 1);
        Assert.Equal(rig.Parts(0), rig.Beat("a", 4).Assignment);
    }

    [Fact]
    public void Join_FullGroup_IsRefusedWhileItsMembersGoOn()
    {
        var rig = new ConsumerRig(new ConsumerGroupConfig { MaxSize = 1 }, ("t", 1));
        rig.Join("a");
        Assert.Equal(ErrorCode.GroupMaxSizeReached, rig.Join("b").Error);
        Assert.Equal(ErrorCode.None, rig.Beat("a", 1).Error);
        Assert.Equal(ErrorCode.None, rig.Join("a").Error);
    }

    [Fact]
    public void Join_MostMembersAskForRange_RangeAssigns()
    {
        var rig = new ConsumerRig(null, ("t", 3), ("u", 3));
        rig.Join("a", topics: ["t", "u"], assignor: "range");
        Assert.Equal("range", rig.State.Members["a"].Subscription.Assignor);
        rig.Join("b", topics: ["t", "u"]);
        // Range gives the first member the larger half of each topic.
        Assert.Equal(4, rig.State.TargetOf("a").Count);
        Assert.Equal(2, rig.State.TargetOf("b").Count);
    }

    [Fact]
    public void Join_LogRefuses_NothingHappens()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Shards.Log.Refusal = ErrorCode.NotCoordinator;
        Assert.Equal(ErrorCode.NotCoordinator, rig.Join("a").Error);
        Assert.Empty(rig.Shards.Shard.Groups);
        rig.Shards.Log.Refusal = ErrorCode.None;
        Assert.Equal(6, rig.Join("a").Assignment!.Count);
    }

    [Fact]
    public void Join_NotCommittedYet_IsAnsweredWhenItIs()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Shards.Log.HoldsCommits = true;
        var answer = new Answer<ConsumerHeartbeatAnswer>();
        rig.Shards.Shard.Heartbeat(
            "g", new ConsumerHeartbeat("a", 0, new MemberClient("c", "/h")) { RebalanceTimeoutMs = 1, Topics = ["t"], Owned = TopicPartitionSet.Empty }, answer.Set);
        Assert.False(answer.IsThere);
        rig.Shards.Log.Commit(ErrorCode.CoordinatorNotAvailable);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, answer.Value.Error);
    }

    [Fact]
    public void Static_LeavesForAWhile_ItsPartitionsWaitForItsNextId()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        Assert.Equal(0, rig.Join("b", "i").Assignment!.Count);
        TopicPartitionSet kept = rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5)).Assignment!;
        rig.Beat("a", 1, kept);
        TopicPartitionSet given = rig.Beat("b", 2, TopicPartitionSet.Empty, "i").Assignment!;
        Assert.Equal((ErrorCode.None, -2), (rig.Beat("b", -2, instanceId: "i").Error, rig.State.Members["b"].Epoch));
        Assert.Null(rig.Beat("a", 2).Assignment);
        ConsumerHeartbeatAnswer back = rig.Join("b2", "i");
        Assert.Equal((ErrorCode.None, 2), (back.Error, back.MemberEpoch));
        Assert.Equal(given, back.Assignment);
        Assert.Equal(2, rig.State.GroupEpoch);
        Assert.Equal(ErrorCode.FencedInstanceId, rig.Beat("b", 2, instanceId: "i").Error);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("b", 2).Error);
    }

    [Fact]
    public void Static_DoesNotComeBack_IsOutAfterItsSession()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a", "i");
        rig.Beat("a", -2, instanceId: "i");
        rig.Shards.Advance(45_001);
        Assert.Empty(rig.State.Members);
    }

    [Fact]
    public void Static_NameThatIsInUse_IsNotReleased()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a", "i");
        Assert.Equal(ErrorCode.UnreleasedInstanceId, rig.Join("b", "i").Error);
        Assert.Equal(ErrorCode.None, rig.Beat("a", 1, instanceId: "i").Error);
        Assert.Equal(ErrorCode.FencedInstanceId, rig.Beat("b", 1, instanceId: "i").Error);
        Assert.Equal(ErrorCode.FencedInstanceId, rig.Beat("b", -1, instanceId: "i").Error);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("b", 1, instanceId: "other").Error);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Beat("b", -2, instanceId: "other").Error);
        // The member itself may begin anew.
        Assert.Equal(ErrorCode.None, rig.Join("a", "i").Error);
        Assert.Equal(ErrorCode.None, rig.Beat("a", -1, instanceId: "i").Error);
        Assert.Empty(rig.State.Members);
    }

    [Fact]
    public void Commit_ByMemberEpoch_OnlyTheOwnersCounts()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        Assert.Equal(ErrorCode.None, rig.Commit("a", 1));
        Assert.Equal(ErrorCode.StaleMemberEpoch, rig.Commit("a", 2));
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Commit("b", 1));
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Commit("", -1));
        Assert.Equal(ErrorCode.UnsupportedVersion, rig.Commit("a", 1, knowsEpochs: false));
    }

    [Fact]
    public void Commit_OfAnEarlierEpoch_CountsForPartitionsThatStayed()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        TopicPartitionSet kept = TwoStableMembers(rig);
        int stayed = kept.All.First().Partition;
        int moved = rig.Parts(0, 1, 2, 3, 4, 5).Except(kept).All.First().Partition;
        Assert.Equal(ErrorCode.None, rig.Commit("a", 1, stayed));
        Assert.Equal(ErrorCode.StaleMemberEpoch, rig.Commit("a", 1, moved));
        Assert.Equal(ErrorCode.StaleMemberEpoch, rig.Commit("b", 1, moved));
        Assert.Equal(ErrorCode.None, rig.Commit("b", 2, moved));
    }

    [Fact]
    public void Commit_EmptyGroup_AnybodyMay()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        rig.Beat("a", -1);
        Assert.Equal(ErrorCode.None, rig.Commit("", -1));
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Commit("a", 1));
    }

    [Fact]
    public void Commit_NoGroup_IsToldToClientsThatUnderstand()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        Assert.Equal(ErrorCode.GroupIdNotFound, rig.Commit("a", 1));
        Assert.Equal(ErrorCode.IllegalGeneration, rig.Commit("a", 1, knowsEpochs: false));
    }

    [Fact]
    public void Fetch_ByMemberEpoch_StaleAndUnknownAreRefused()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        Assert.Equal(ErrorCode.None, rig.Fetch(null, -1));
        Assert.Equal(ErrorCode.None, rig.Fetch("a", 1));
        Assert.Equal(ErrorCode.StaleMemberEpoch, rig.Fetch("a", 0));
        Assert.Equal(ErrorCode.StaleMemberEpoch, rig.Fetch("a", 2));
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Fetch("b", 1));
    }

    [Fact]
    public void Offsets_OfSubscribedTopics_AreKeptAndCannotBeDeleted()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        rig.Commit("a", 1);
        Assert.Equal([ErrorCode.GroupSubscribedToTopic], DeleteOffsets(rig));
        KeepBeating(rig, TimeSpan.FromDays(8));
        Assert.Equal(5, rig.Shards.Committed());
        rig.Beat("a", -1);
        Assert.Equal([ErrorCode.None], DeleteOffsets(rig));
        Assert.Null(rig.Shards.Committed());
    }

    [Fact]
    public void Offsets_OfAnEmptyGroup_ExpireAndTheGroupGoes()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        rig.Commit("a", 1);
        rig.Beat("a", -1);
        rig.Shards.Advance((long)TimeSpan.FromDays(7.1).TotalMilliseconds);
        Assert.Empty(rig.Shards.Shard.Groups);
        rig.Shards.Move();
        Assert.Empty(rig.Shards.Shard.Groups);
    }

    [Fact]
    public void Move_GroupInTheMiddle_GoesOnWhereItWas()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        rig.Join("b");
        ConsumerHeartbeatAnswer a = rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5));
        rig.Shards.Move();
        Assert.Null(rig.Beat("b", 2, TopicPartitionSet.Empty).Assignment);
        Assert.Equal(2, rig.Beat("a", 1, a.Assignment).MemberEpoch);
        rig.Shards.Move();
        Assert.Equal(3, rig.Beat("b", 2, TopicPartitionSet.Empty).Assignment!.Count);
    }

    [Fact]
    public void ClassicMember_JoinsAnEmptyConsumerGroup_GroupIsClassic()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a");
        rig.Beat("a", -1);
        string member = rig.Shards.StableMember();
        Assert.Equal(ErrorCode.None, rig.Shards.Heartbeat(member, 1));
        rig.Shards.Move();
        Assert.Equal(ErrorCode.None, rig.Shards.Heartbeat(member, 1));
        Assert.Equal(1, rig.Shards.Group.Members.Count);
    }

    /// <summary>Members a and b in epoch 2, three partitions each; those of a.</summary>
    internal static TopicPartitionSet TwoStableMembers(ConsumerRig rig)
    {
        rig.Join("a");
        rig.Join("b");
        TopicPartitionSet kept = rig.Beat("a", 1, rig.Parts(0, 1, 2, 3, 4, 5)).Assignment!;
        Assert.Equal(2, rig.Beat("a", 1, kept).MemberEpoch);
        Assert.Equal(3, rig.Beat("b", 2, TopicPartitionSet.Empty).Assignment!.Count);
        return kept;
    }

    private static void KeepBeating(ConsumerRig rig, TimeSpan time)
    {
        for (long left = (long)time.TotalMilliseconds; left > 0; left -= 40_000)
        {
            rig.Shards.Advance(40_000);
            Assert.Equal(ErrorCode.None, rig.Beat("a", 1).Error);
        }
    }

    private static ErrorCode Delete(ConsumerRig rig)
    {
        ErrorCode? error = null;
        rig.Shards.Shard.Delete("g", refused => error = refused);
        return error!.Value;
    }

    private static ErrorCode[] DeleteOffsets(ConsumerRig rig)
    {
        ErrorCode[]? errors = null;
        rig.Shards.Shard.DeleteOffsets("g", [new OffsetKey("t", 0)], (_, each) => errors = each);
        return errors!;
    }
}
