using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>What members of a classic group are answered.</summary>
public sealed class ClassicGroupTests
{
    [Fact]
    public void Join_FirstMember_LeadsTheFirstGenerationAndIsAssigned()
    {
        var rig = new GroupRig();
        JoinGroupResponse joined = rig.Join().Value;
        Assert.Equal((ErrorCode.None, 1, joined.MemberId, "range", "consumer"), (joined.ErrorCode, joined.GenerationId, joined.Leader, joined.ProtocolName, joined.ProtocolType));
        Assert.Equal(joined.MemberId, Assert.Single(joined.Members).MemberId);
        SyncGroupResponse assigned = rig.Sync(joined.MemberId, 1, (joined.MemberId, [7])).Value;
        Assert.Equal((ErrorCode.None, 7), (assigned.ErrorCode, assigned.Assignment[0]));
        Assert.Equal(ClassicGroupState.Stable, rig.Group.State);
    }

    [Fact]
    public void Join_NewMemberOfLaterVersions_IsGivenAnIdAndComesBackWithIt()
    {
        var rig = new GroupRig();
        JoinGroupResponse told = rig.Join(mustKnowId: true).Value;
        Assert.Equal(ErrorCode.MemberIdRequired, told.ErrorCode);
        Assert.NotEmpty(told.MemberId);
        Assert.Equal(ClassicGroupState.Empty, rig.Group.State);
        Assert.Equal((ErrorCode.None, told.MemberId), (rig.Join(told.MemberId, mustKnowId: true).Value.ErrorCode, rig.Group.Members.LeaderId));
    }

    [Fact]
    public void Join_IdThatWasToldAndNotUsedInTime_IsUnknown()
    {
        var rig = new GroupRig();
        string id = rig.Join(mustKnowId: true, session: 6_000).Value.MemberId;
        rig.Advance(6_001);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Join(id).Value.ErrorCode);
    }

    [Fact]
    public void Join_DuringInitialDelay_AllBeginTogether()
    {
        var rig = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = 3_000 });
        Answer<JoinGroupResponse> first = rig.Join();
        rig.Advance(2_000);
        Answer<JoinGroupResponse> second = rig.Join();
        rig.Advance(2_000);
        Assert.False(first.IsThere);
        rig.Advance(2_000);
        Assert.Equal((1, 1), (first.Value.GenerationId, second.Value.GenerationId));
        Assert.Equal(2, first.Value.Members.Length);
        Assert.Empty(second.Value.Members);
    }

    [Fact]
    public void Join_SecondMember_MakesTheFirstJoinAgain()
    {
        var rig = new GroupRig();
        string first = rig.StableMember();
        Answer<JoinGroupResponse> second = rig.Join();
        Assert.False(second.IsThere);
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Heartbeat(first, 1));
        Answer<JoinGroupResponse> again = rig.Join(first);
        Assert.Equal((2, 2), (again.Value.GenerationId, second.Value.GenerationId));
        Assert.Equal(ErrorCode.IllegalGeneration, rig.Heartbeat(first, 1));
        Assert.Equal(ErrorCode.None, rig.Heartbeat(first, 2));
    }

    [Fact]
    public void Join_MemberThatDoesNotJoinAgainInTime_IsOut()
    {
        var rig = new GroupRig();
        string first = rig.StableMember();
        Answer<JoinGroupResponse> second = rig.Join(session: 60_000);
        for (int i = 0; i < 3; i++)
        {
            rig.Advance(9_000);
            Assert.Equal(ErrorCode.RebalanceInProgress, rig.Heartbeat(first, 1));
        }

        Assert.False(second.IsThere);
        rig.Advance(3_001);
        Assert.Equal((2, second.Value.MemberId), (second.Value.GenerationId, second.Value.Leader));
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Heartbeat(first, 2));
    }

    [Fact]
    public void Sync_Follower_WaitsForTheLeadersAssignment()
    {
        var rig = new GroupRig();
        (string leader, string follower) = TwoMembers(rig);
        Answer<SyncGroupResponse> early = rig.Sync(follower, 2);
        Assert.False(early.IsThere);
        Assert.Equal([1], rig.Sync(leader, 2, (leader, [1]), (follower, [2])).Value.Assignment);
        Assert.Equal([2], early.Value.Assignment);
        // One that asks late, or again, is told the same.
        Assert.Equal([2], rig.Sync(follower, 2).Value.Assignment);
    }

    [Fact]
    public void Sync_OtherGenerationOrProtocol_IsRefused()
    {
        var rig = new GroupRig();
        string member = rig.StableMember();
        Assert.Equal(ErrorCode.IllegalGeneration, rig.Sync(member, 0).Value.ErrorCode);
        Assert.Equal(ErrorCode.IllegalGeneration, rig.Sync(member, 2).Value.ErrorCode);
        var answer = new Answer<SyncGroupResponse>();
        rig.Shard.Sync("g", new GroupSync(member, null, 1, "consumer", "roundrobin", []), answer.Set);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, answer.Value.ErrorCode);
    }

    [Fact]
    public void Sync_AssignmentNotCommitted_NobodyIsAssigned()
    {
        var rig = new GroupRig();
        JoinGroupResponse joined = rig.Join().Value;
        rig.Log.HoldsCommits = true;
        Answer<SyncGroupResponse> sync = rig.Sync(joined.MemberId, 1, (joined.MemberId, [1]));
        Assert.False(sync.IsThere);
        rig.Log.Commit(ErrorCode.CoordinatorNotAvailable);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, sync.Value.ErrorCode);
        Assert.Equal(ClassicGroupState.PreparingRebalance, rig.Group.State);
    }

    [Fact]
    public void Sync_CommittedAfterTheNextRebalance_ChangesNothing()
    {
        var rig = new GroupRig();
        string first = rig.Join().Value.MemberId;
        rig.Log.HoldsCommits = true;
        Answer<SyncGroupResponse> sync = rig.Sync(first, 1, (first, [1]));
        rig.Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, sync.Value.ErrorCode);
        rig.Log.Commit();
        Assert.Equal(ClassicGroupState.PreparingRebalance, rig.Group.State);
    }

    [Fact]
    public void Sync_MemberThatJoinedAndIsSilent_IsOutAfterTheRebalanceTimeout()
    {
        var rig = new GroupRig();
        (string leader, string follower) = TwoMembers(rig, session: 60_000);
        rig.Sync(leader, 2, (leader, [1]));
        rig.Advance(30_001);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Heartbeat(follower, 2));
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Heartbeat(leader, 2));
    }

    [Fact]
    public void Session_SilentMember_IsOutAndTheOthersRebalance()
    {
        var rig = new GroupRig();
        (string leader, string follower) = TwoMembers(rig);
        rig.Sync(follower, 2);
        rig.Sync(leader, 2, (leader, [1]));
        rig.Advance(9_000);
        Assert.Equal(ErrorCode.None, rig.Heartbeat(leader, 2));
        rig.Advance(1_001);
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Heartbeat(leader, 2));
        Assert.Equal(1, rig.Group.Members.Count);
    }

    [Fact]
    public void Session_LastMemberGone_GroupIsEmptyInTheNextGeneration()
    {
        var rig = new GroupRig();
        rig.StableMember();
        rig.Advance(10_001);
        Assert.Equal((ClassicGroupState.Empty, 2), (rig.Group.State, rig.Group.GenerationId));
    }

    [Theory]
    [InlineData("nobody", 1, ErrorCode.UnknownMemberId)]
    [InlineData("", 1, ErrorCode.UnknownMemberId)]
    public void Heartbeat_Stranger_IsUnknown(string member, int generation, ErrorCode error)
    {
        var rig = new GroupRig();
        rig.StableMember();
        Assert.Equal(error, rig.Heartbeat(member, generation));
    }

    [Fact]
    public void Static_ComesBackWithoutId_TakesItsPlaceWithoutRebalance()
    {
        var rig = new GroupRig();
        string old = rig.StableMember("i");
        JoinGroupResponse back = rig.Join(instanceId: "i").Value;
        Assert.Equal((ErrorCode.None, 1, true), (back.ErrorCode, back.GenerationId, back.SkipAssignment));
        Assert.NotEqual(old, back.MemberId);
        Assert.Equal(ClassicGroupState.Stable, rig.Group.State);
        Assert.Equal(ErrorCode.FencedInstanceId, rig.Heartbeat(old, 1, "i"));
        Assert.Equal([1], rig.Sync(back.MemberId, 1).Value.Assignment);
        rig.Move();
        Assert.Equal(ErrorCode.None, rig.Heartbeat(back.MemberId, 1, "i"));
    }

    [Fact]
    public void Static_LeaderOfOldClientComesBack_IsNotToldThatItLeads()
    {
        var rig = new GroupRig();
        string old = rig.StableMember("i");
        JoinGroupResponse back = rig.Join(instanceId: "i", canSkip: false).Value;
        Assert.Equal((old, false), (back.Leader, back.SkipAssignment));
        Assert.Empty(back.Members);
    }

    [Fact]
    public void Static_ReplacementNotWritten_OldOneGoesOn()
    {
        var rig = new GroupRig();
        string old = rig.StableMember("i");
        rig.Log.Refusal = ErrorCode.CoordinatorNotAvailable;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, rig.Join(instanceId: "i").Value.ErrorCode);
        Assert.Equal(ErrorCode.None, rig.Heartbeat(old, 1, "i"));
    }

    [Fact]
    public void Static_AloneAndAwayWithoutRebalanceTimeout_KeepsItsPlaceForItsSessionAndTimeGoesOn()
    {
        var rig = new GroupRig();
        string dynamic = rig.StableMember();
        Answer<JoinGroupResponse> alone = rig.Join(instanceId: "i", rebalance: 0);
        rig.Join(dynamic);
        rig.Sync(dynamic, 2);
        rig.Sync(alone.Value.MemberId, 2);
        rig.Shard.Leave("g", [new GroupLeaver(dynamic, null)]);
        long began = rig.Timers.NowMs;
        int steps = 0;
        while (rig.Group.State != ClassicGroupState.Empty && rig.Timers.NextMs is { } next)
        {
            Assert.InRange(++steps, 1, 20);
            rig.Timers.RunDue(next);
        }

        Assert.Equal(10_000, rig.Timers.NowMs - began);
    }

    [Fact]
    public void Leave_StaticByInstanceId_IsOut()
    {
        var rig = new GroupRig();
        rig.StableMember("i");
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownMemberId], rig.Shard.Leave("g", [new("", "i"), new("", "other")]));
        Assert.Equal(ClassicGroupState.Empty, rig.Group.State);
    }

    [Fact]
    public void Join_ProtocolThatNotAllSupport_IsNotChosen()
    {
        var rig = new GroupRig();
        string first = rig.StableMember(protocols: ["sticky", "range"]);
        Answer<JoinGroupResponse> second = rig.Join(protocols: ["roundrobin", "range"]);
        rig.Join(first, protocols: ["sticky", "range"]);
        Assert.Equal("range", second.Value.ProtocolName);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, rig.Join(protocols: ["roundrobin"]).Value.ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, rig.Join(type: "connect").Value.ErrorCode);
    }

    [Fact]
    public void Join_FullGroup_IsRefusedWhileItsMembersGoOn()
    {
        var rig = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = 0, MaxSize = 1 });
        string member = rig.StableMember();
        Assert.Equal(ErrorCode.GroupMaxSizeReached, rig.Join().Value.ErrorCode);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, rig.Join(mustKnowId: true).Value.ErrorCode);
        Assert.Equal(ErrorCode.None, rig.Heartbeat(member, 1));
    }

    [Fact]
    public void Join_TenThousandIdsAsked_NoMoreThanTheGroupMayHave()
    {
        var rig = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = 0, MaxSize = 100 });
        int told = Enumerable.Range(0, 10_000).Count(_ => rig.Join(mustKnowId: true).Value.ErrorCode == ErrorCode.MemberIdRequired);
        Assert.Equal(100, told);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5_999)]
    [InlineData(int.MaxValue)]
    public void Join_SessionTimeoutOutOfBounds_IsRefused(int session) =>
        Assert.Equal(ErrorCode.InvalidSessionTimeout, new GroupRig().Join(session: session).Value.ErrorCode);

    [Fact]
    public void Join_NoProtocols_IsRefused() =>
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, new GroupRig().Join(protocols: []).Value.ErrorCode);

    [Fact]
    public void Move_StableGroup_GoesOnInItsGeneration()
    {
        var rig = new GroupRig();
        string member = rig.StableMember();
        rig.Move();
        Assert.Equal(ErrorCode.None, rig.Heartbeat(member, 1));
        Assert.Equal([1], rig.Sync(member, 1).Value.Assignment);
        rig.Advance(10_001);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Heartbeat(member, 1));
    }

    [Fact]
    public void Move_WhileMembersJoin_TheyAreTold()
    {
        var rig = new GroupRig();
        string first = rig.StableMember();
        Answer<JoinGroupResponse> second = rig.Join();
        rig.Move();
        Assert.Equal(ErrorCode.NotCoordinator, second.Value.ErrorCode);
        Assert.Equal(ErrorCode.None, rig.Heartbeat(first, 1));
    }

    private static (string Leader, string Follower) TwoMembers(GroupRig rig, int session = 10_000)
    {
        JoinGroupResponse first = rig.Join(session: session).Value;
        rig.Sync(first.MemberId, 1, (first.MemberId, [0]));
        Answer<JoinGroupResponse> second = rig.Join(session: session);
        JoinGroupResponse again = rig.Join(first.MemberId, session: session).Value;
        Assert.Equal(2, again.GenerationId);
        Assert.Equal(first.MemberId, again.Leader);
        return (first.MemberId, second.Value.MemberId);
    }
}
