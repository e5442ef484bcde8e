using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>What becomes of committed offsets.</summary>
public sealed class GroupOffsetsTests
{
    [Fact]
    public void Commit_ClientWithoutMembership_IsKeptOverAMove()
    {
        var rig = new GroupRig();
        Assert.Equal([ErrorCode.None], rig.Commit("", -1, 5).Value);
        rig.Move();
        Assert.Equal(5, rig.Committed());
        Assert.Equal(ClassicGroupState.Empty, rig.Group.State);
    }

    [Fact]
    public void Commit_UnknownGroupWithGeneration_IsRefused() =>
        Assert.Equal([ErrorCode.IllegalGeneration], new GroupRig().Commit("m", 3, 5).Value);

    [Fact]
    public void Commit_OldGenerationOrStranger_IsRefused()
    {
        var rig = new GroupRig();
        string member = rig.StableMember();
        Assert.Equal([ErrorCode.IllegalGeneration], rig.Commit(member, 0, 5).Value);
        Assert.Equal([ErrorCode.UnknownMemberId], rig.Commit("other", 1, 5).Value);
        Assert.Equal([ErrorCode.UnknownMemberId], rig.Commit("", -1, 5).Value);
        Assert.Equal([ErrorCode.None], rig.Commit(member, 1, 5).Value);
    }

    [Fact]
    public void Commit_WhileTheAssignmentIsAwaited_IsRefused()
    {
        var rig = new GroupRig();
        string member = rig.Join().Value.MemberId;
        Assert.Equal([ErrorCode.RebalanceInProgress], rig.Commit(member, 1, 5).Value);
    }

    [Fact]
    public void Commit_ByAMember_CountsAsSignOfLife()
    {
        var rig = new GroupRig();
        string member = rig.StableMember();
        rig.Advance(9_000);
        rig.Commit(member, 1, 5);
        rig.Advance(9_000);
        Assert.Equal(ErrorCode.None, rig.Heartbeat(member, 1));
    }

    [Fact]
    public void Commit_NoteTooLong_IsRefusedAloneAmongOthers()
    {
        var rig = new GroupRig();
        var answer = new Answer<ErrorCode[]>();
        rig.Shard.Commit(
            "g", new OffsetCommitter("", null, -1), -1,
            [new(new OffsetKey("t", 0), 1, -1, new string('x', 4_097)), new(new OffsetKey("t", 1), 2, -1, new string('x', 4_096))],
            answer.Set);
        Assert.Equal([ErrorCode.OffsetMetadataTooLarge, ErrorCode.None], answer.Value);
        Assert.Equal(2, rig.Committed(partition: 1));
    }

    [Fact]
    public void Commit_LogRefuses_NothingChanges()
    {
        var rig = new GroupRig();
        rig.Commit("", -1, 5);
        rig.Log.Refusal = ErrorCode.NotCoordinator;
        Assert.Equal([ErrorCode.NotCoordinator], rig.Commit("", -1, 6).Value);
        Assert.Equal(5, rig.Committed());
    }

    [Fact]
    public void Fetch_OffsetThatIsNotCommittedToTheLogYet_IsAnsweredWhenItIs()
    {
        var rig = new GroupRig();
        rig.Log.HoldsCommits = true;
        Answer<ErrorCode[]> commit = rig.Commit("", -1, 5);
        IReadOnlyList<FetchedOffset>? found = null;
        rig.Shard.Fetch("g", OffsetReader.Anybody, null, false, (_, offsets) => found = offsets);
        Assert.False(commit.IsThere);
        Assert.Null(found);
        rig.Log.Commit();
        Assert.Equal([ErrorCode.None], commit.Value);
        Assert.Equal(5, Assert.Single(found!).Offset!.Offset);
    }

    [Fact]
    public void Expire_EmptyGroup_CountsFromWhenItBecameEmpty()
    {
        var rig = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = 0, OffsetsRetentionMs = 3_600_000 });
        string member = rig.StableMember();
        rig.Commit(member, 1, 5);
        for (int i = 0; i < 1_000; i++)
        {
            rig.Advance(9_000);
            rig.Heartbeat(member, 1);
        }

        Assert.Equal(5, rig.Committed());
        rig.Shard.Leave("g", [new(member, null)]);
        rig.Advance(3_000_000);
        Assert.Equal(5, rig.Committed());
        rig.Advance(1_200_001);
        Assert.Null(rig.Committed());
        Assert.False(rig.Shard.TryGet("g", out _));
        rig.Move();
        Assert.False(rig.Shard.TryGet("g", out _));
    }

    [Fact]
    public void Expire_TopicThatNobodySubscribes_GoesWhileTheGroupLives()
    {
        var rig = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = 0, OffsetsRetentionMs = 3_600_000 });
        string member = rig.StableMember();
        rig.Commit(member, 1, 5);
        rig.Commit(member, 1, 5, topic: "old");
        for (int i = 0; i < 500; i++)
        {
            rig.Advance(9_000);
            rig.Heartbeat(member, 1);
        }

        Assert.Equal((5, null), (rig.Committed(), rig.Committed("old")));
    }

    [Fact]
    public void Expire_TopicThatNobodySubscribes_StaysWhileTheGroupRebalances()
    {
        var rig = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = 0, OffsetsRetentionMs = 3_600_000 });
        string member = rig.Join(rebalance: 20_000_000).Value.MemberId;
        rig.Sync(member, 1);
        rig.Commit(member, 1, 5, topic: "old");
        rig.Join();
        for (int i = 0; i < 600; i++)
        {
            rig.Advance(9_000);
            Assert.Equal(ErrorCode.RebalanceInProgress, rig.Heartbeat(member, 1));
        }

        Assert.Equal(5, rig.Committed("old"));
    }

    [Fact]
    public void Delete_GroupWithMembers_IsRefusedAndEmptyOneGoesWithItsOffsets()
    {
        var rig = new GroupRig();
        string member = rig.StableMember();
        rig.Commit(member, 1, 5);
        Assert.Equal(ErrorCode.NonEmptyGroup, Delete(rig));
        rig.Shard.Leave("g", [new(member, null)]);
        Assert.Equal(ErrorCode.None, Delete(rig));
        Assert.Equal(ErrorCode.GroupIdNotFound, Delete(rig));
        rig.Move();
        Assert.Null(rig.Committed());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Forget_LongNameAndManyOffsets_GoesInBatchesThatFitTheLog(bool expires)
    {
        var rig = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = 0, OffsetsRetentionMs = 3_600_000 });
        string name = new('n', 32_000);
        for (int i = 0; i < 100; i++)
        {
            var answer = new Answer<ErrorCode[]>();
            rig.Shard.Commit(name, new OffsetCommitter("", null, -1), -1, [new OffsetToCommit(new OffsetKey("t", i), 1, -1, "")], answer.Set);
            Assert.Equal([ErrorCode.None], answer.Value);
        }

        if (expires) rig.Advance(2 * 3_600_000);
        else Assert.Equal(ErrorCode.None, Delete(rig, name));
        Assert.Empty(rig.Shard.Groups);
        rig.Move();
        Assert.Empty(rig.Shard.Groups);
        Assert.Empty(rig.Shard.Offsets.KeysOf(name));
    }

    [Fact]
    public void DeleteOffsets_SubscribedTopic_IsRefusedAndOthersGo()
    {
        var rig = new GroupRig();
        string member = rig.StableMember();
        rig.Commit(member, 1, 5);
        rig.Commit(member, 1, 5, topic: "old");
        ErrorCode[]? errors = null;
        rig.Shard.DeleteOffsets("g", [new("t", 0), new("old", 0)], (_, each) => errors = each);
        Assert.Equal([ErrorCode.GroupSubscribedToTopic, ErrorCode.None], errors);
        Assert.Equal((5, null), (rig.Committed(), rig.Committed("old")));
    }

    [Fact]
    public void Transaction_OffsetsCountWhenItCommitsAndNotWhenItAborts()
    {
        var offsets = new GroupOffsets(GroupMemory.Unbounded().Offsets);
        var key = new OffsetKey("t", 0);
        offsets.Replay("g", key, new CommittedOffset(1, -1, "", 0));
        offsets.Replay("g", key, new CommittedOffset(2, -1, "", 0), producerId: 7);
        Assert.True(offsets.IsOpen("g", key));
        Assert.Equal(1, offsets.Of("g")[key].Offset);
        offsets.ReplayEnd(7, committed: false);
        Assert.Equal((1, false), (offsets.Of("g")[key].Offset, offsets.IsOpen("g", key)));
        offsets.Replay("g", key, new CommittedOffset(3, -1, "", 0), producerId: 7);
        offsets.ReplayEnd(7, committed: true);
        Assert.Equal(3, offsets.Of("g")[key].Offset);
    }

    [Fact]
    public void Transaction_LaterCommitWithoutTransaction_Wins()
    {
        var offsets = new GroupOffsets(GroupMemory.Unbounded().Offsets);
        var key = new OffsetKey("t", 0);
        offsets.Replay("g", key, new CommittedOffset(2, -1, "", 0), producerId: 7);
        offsets.Replay("g", key, new CommittedOffset(9, -1, "", 0));
        offsets.ReplayEnd(7, committed: true);
        Assert.Equal(9, offsets.Of("g")[key].Offset);
    }

    private static ErrorCode Delete(GroupRig rig, string groupId = "g")
    {
        ErrorCode? error = null;
        rig.Shard.Delete(groupId, one => error = one);
        return error!.Value;
    }
}
