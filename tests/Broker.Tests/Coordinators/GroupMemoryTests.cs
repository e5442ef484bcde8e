using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>What groups may hold in memory, and that they give it back.</summary>
public sealed class GroupMemoryTests
{
    private const int Megabyte = 1 << 20;

    [Fact]
    public void Join_WithMoreThanTheGroupMayHold_IsRefusedAndTheGroupGoesOn()
    {
        var rig = Rig(group: Megabyte);
        string member = rig.StableMember();
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Join(rig, "g", metadata: Megabyte).ErrorCode);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Join(rig, "g", protocols: 100_000).ErrorCode);
        Assert.Equal(ErrorCode.None, rig.Heartbeat(member, 1));
        Assert.Equal(1, rig.Group.Members.Count);
    }

    [Fact]
    public void Join_WhenAllGroupsTogetherHoldTooMuch_IsRefusedRetriablyAndMembersGoOn()
    {
        var rig = Rig(all: 4 * Megabyte);
        string member = rig.StableMember();
        JoinGroupResponse refused = Fill(rig);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, refused.ErrorCode);
        Assert.InRange(rig.Memory.Members.HeldBytes, 3 * Megabyte, 4 * Megabyte);
        // A member that brings no more than it had joins again, leads and assigns.
        JoinGroupResponse again = rig.Join(member).Value;
        Assert.Equal((ErrorCode.None, 2), (again.ErrorCode, again.GenerationId));
        Assert.Equal(ErrorCode.None, rig.Sync(member, 2, (member, [2])).Value.ErrorCode);
        Assert.Equal(ErrorCode.None, rig.Commit(member, 2, 5).Value[0]);
    }

    [Fact]
    public void Join_AfterTheSessionsOfThoseWhoHeldTooMuch_IsTaken()
    {
        var rig = Rig(all: 4 * Megabyte);
        Fill(rig);
        rig.Advance(10_001);
        Assert.Equal(ErrorCode.None, Join(rig, "late").ErrorCode);
    }

    [Fact]
    public void Join_ToEndlessGroupsWithoutComingBack_StopsAtTheBound()
    {
        var rig = Rig(all: Megabyte);
        int taken = 0;
        while (Join(rig, $"endless-{taken}", mustKnowId: true).ErrorCode == ErrorCode.MemberIdRequired) taken++;
        Assert.InRange(taken, 100, 1_000);
        Assert.InRange(rig.Memory.Members.HeldBytes, 0, Megabyte);
        // The groups that nobody came back to are forgotten at the next look for what is not used.
        rig.Advance(rig.Config.OffsetsRetentionCheckIntervalMs + 10_000);
        Assert.Equal(0, rig.Memory.Members.HeldBytes);
        Assert.Equal(ErrorCode.MemberIdRequired, Join(rig, "late", mustKnowId: true).ErrorCode);
    }

    [Fact]
    public void Join_ForEndlessIdsInOneGroup_StopsAtTheGroupsBound()
    {
        var rig = Rig(group: Megabyte / 4);
        int taken = 0;
        while (Join(rig, "g", mustKnowId: true).ErrorCode == ErrorCode.MemberIdRequired) taken++;
        Assert.InRange(taken, 100, 500);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Join(rig, "g", instance: new string('i', 10_000)).ErrorCode);
    }

    [Fact]
    public void Rejoin_WithMore_CountsTheDifference()
    {
        var rig = Rig(group: Megabyte);
        JoinGroupResponse joined = Join(rig, "g", instance: "i");
        rig.Sync(joined.MemberId, 1);
        long before = rig.Memory.Members.HeldBytes;
        JoinGroupResponse replaced = Join(rig, "g", instance: "i", metadata: 100_000);
        Assert.NotEqual(joined.MemberId, replaced.MemberId);
        Assert.InRange(rig.Memory.Members.HeldBytes - before, 99_000, 101_000);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Join(rig, "g", instance: "i", metadata: Megabyte).ErrorCode);
        Assert.Equal(replaced.MemberId, rig.Group.Members.FindStatic("i"));
    }

    [Fact]
    public void Sync_WithAssignmentsBeyondTheBound_IsRefusedAndTheMembersMayTryAgain()
    {
        var rig = Rig(group: Megabyte);
        string member = Join(rig, "g").MemberId;
        Assert.Equal(ErrorCode.UnknownServerError, rig.Sync(member, 1, (member, new byte[Megabyte])).Value.ErrorCode);
        Assert.InRange(rig.Memory.Members.HeldBytes, 0, 10_000);
        JoinGroupResponse again = rig.Join(member).Value;
        Assert.Equal(ErrorCode.None, rig.Sync(member, again.GenerationId, (member, new byte[Megabyte / 2])).Value.ErrorCode);
        Assert.InRange(rig.Memory.Members.HeldBytes, Megabyte / 2, Megabyte);
    }

    [Fact]
    public void Commit_OfFurtherPartitionsBeyondTheBound_IsRefusedAndKnownOnesGoOn()
    {
        var rig = Rig(offsets: Megabyte);
        ErrorCode[] errors = Commit(rig, 0, 10_000);
        int taken = errors.Count(error => error == ErrorCode.None);
        Assert.InRange(taken, 3_000, 6_000);
        Assert.All(errors.Skip(taken), error => Assert.Equal(ErrorCode.CoordinatorNotAvailable, error));
        Assert.Null(rig.Committed(partition: taken));
        Assert.All(Commit(rig, 0, taken), error => Assert.Equal(ErrorCode.None, error));
        // Longer notes have what is left to those who go on, and no more.
        ErrorCode[] longer = Commit(rig, 0, 100, note: new string('x', 4_000));
        Assert.InRange(longer.Count(error => error == ErrorCode.None), 1, 20);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, longer[^1]);
        Assert.InRange(rig.Memory.Offsets.HeldBytes, 0, Megabyte);
    }

    [Fact]
    public void TransactionalCommit_OfKnownPartitions_CountsWhatItHoldsBackAndHasRoomLeft()
    {
        var rig = Rig(offsets: Megabyte);
        int known = Commit(rig, 0, 10_000).Count(error => error == ErrorCode.None);
        // What is new leaves a part of the memory to those who go on.
        Assert.All(Commit(rig, 0, 100, producerId: 1), error => Assert.Equal(ErrorCode.None, error));
        for (int producer = 1; producer < 100; producer++) Commit(rig, 0, known, producerId: producer);
        Assert.InRange(rig.Memory.Offsets.HeldBytes, Megabyte * 7 / 8, Megabyte);
        Assert.All(Commit(rig, 0, known, producerId: 100), error => Assert.Equal(ErrorCode.CoordinatorNotAvailable, error));
        Assert.All(Commit(rig, 0, known), error => Assert.Equal(ErrorCode.None, error));
        Assert.All(Commit(rig, 0, 100, producerId: 1), error => Assert.Equal(ErrorCode.None, error));
    }

    [Fact]
    public void Offsets_DeletedExpiredOrMoved_GiveTheirMemoryBack()
    {
        var rig = new GroupRig();
        Commit(rig, 0, 1_000);
        long held = rig.Memory.Offsets.HeldBytes;
        Assert.InRange(held, 100_000, 1_000_000);
        rig.Move();
        Assert.Equal(held, rig.Memory.Offsets.HeldBytes);
        rig.Shard.DeleteOffsets("g", [.. Enumerable.Range(0, 500).Select(i => new OffsetKey("t", i))], static (_, _) => { });
        Assert.Equal(held / 2, rig.Memory.Offsets.HeldBytes);
        rig.Advance(rig.Config.OffsetsRetentionMs + rig.Config.OffsetsRetentionCheckIntervalMs);
        Assert.Equal((0, 0), (rig.Memory.Offsets.HeldBytes, rig.Memory.Members.HeldBytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Transaction_ItsOffsets_CountUntilItEnds(bool committed)
    {
        GroupMemory memory = GroupMemory.Unbounded();
        var offsets = new GroupOffsets(memory.Offsets);
        var key = new OffsetKey("t", 0);
        offsets.Replay("g", key, new CommittedOffset(1, -1, "", 0));
        long one = memory.Offsets.HeldBytes;
        offsets.Replay("g", key, new CommittedOffset(2, -1, "", 0), producerId: 7);
        offsets.Replay("g", key, new CommittedOffset(3, -1, "", 0), producerId: 7);
        Assert.Equal(2 * one, memory.Offsets.HeldBytes);
        offsets.ReplayEnd(7, committed);
        Assert.Equal(one, memory.Offsets.HeldBytes);
        offsets.Release();
        Assert.Equal(0, memory.Offsets.HeldBytes);
    }

    [Fact]
    public void Members_HoweverTheyGo_GiveTheirMemoryBack()
    {
        var rig = new GroupRig();
        long empty = GroupHoldings.SizeOfGroup("g");
        string member = rig.StableMember(instanceId: "i");
        Assert.Equal(ErrorCode.None, rig.Shard.Leave("g", [new GroupLeaver(member, "i")])[0]);
        Assert.Equal(empty, rig.Memory.Members.HeldBytes);
        rig.StableMember();
        rig.Advance(10_001);
        Assert.Equal(empty, rig.Memory.Members.HeldBytes);
        string pending = rig.Join(mustKnowId: true).Value.MemberId;
        Assert.Equal(ErrorCode.None, rig.Shard.Leave("g", [new GroupLeaver(pending, null)])[0]);
        rig.Join(mustKnowId: true);
        rig.Advance(10_001);
        Assert.Equal(empty, rig.Memory.Members.HeldBytes);
        rig.StableMember();
        long held = rig.Memory.Members.HeldBytes;
        rig.Move();
        Assert.Equal(held, rig.Memory.Members.HeldBytes);
        rig.Shard.End(ErrorCode.NotCoordinator);
        Assert.Equal((0, 0), (rig.Memory.Members.HeldBytes, rig.Memory.Offsets.HeldBytes));
    }

    [Fact]
    public void Member_WithOtherProtocolsEachTime_LeavesNoNameBehind()
    {
        var rig = new GroupRig();
        string member = rig.StableMember(protocols: ["a", "b"]);
        rig.Shard.Leave("g", [new GroupLeaver(member, null)]);
        string other = rig.StableMember(protocols: ["c"]);
        Assert.False(rig.Group.Members.Fits("consumer", [new MemberProtocol("a", [])]));
        Assert.Equal(1, rig.Group.Members.ProtocolNames);
        rig.Shard.Leave("g", [new GroupLeaver(other, null)]);
        Assert.Equal(0, rig.Group.Members.ProtocolNames);
    }

    [Fact]
    public void Timers_OfThoseWhoCameAndWent_DoNotPileUp()
    {
        var timers = new CoordinatorTimers();
        int expired = 0;
        var kept = new CoordinatorTimer(timers, () => expired++);
        kept.Start(1_000_000);
        for (int i = 0; i < 100_000; i++)
        {
            var timer = new CoordinatorTimer(timers, () => expired += 1_000);
            timer.Start(1_800_000);
            timer.Start(900_000);
            timer.Cancel();
        }

        Assert.InRange(timers.Entries, 1, 5_000);
        timers.RunDue(2_000_000);
        Assert.Equal((1, 0), (expired, timers.Entries));
    }

    [Fact]
    public void Timers_CancelledAndSetAgainAtRandom_RunOnceAndInOrder()
    {
        const int Seed = 17;
        var random = new Random(Seed);
        var timers = new CoordinatorTimers();
        var due = new long?[200];
        var each = new CoordinatorTimer[due.Length];
        long last = 0;
        for (int i = 0; i < each.Length; i++)
        {
            int one = i;
            each[i] = new CoordinatorTimer(timers, () =>
            {
                Assert.True(due[one] >= last && due[one] <= timers.NowMs, $"seed {Seed}");
                (last, due[one]) = (due[one]!.Value, null);
            });
        }

        for (int step = 0; step < 200_000; step++)
        {
            int one = random.Next(each.Length);
            switch (random.Next(10))
            {
                case 0:
                    timers.RunDue(timers.NowMs + random.Next(20));
                    Assert.DoesNotContain(due, time => time <= timers.NowMs);
                    break;
                case < 4:
                    each[one].Cancel();
                    due[one] = null;
                    break;
                default:
                    int delay = 1 + random.Next(10_000);
                    each[one].Start(delay);
                    due[one] = timers.NowMs + delay;
                    break;
            }
        }

        Assert.InRange(timers.Entries, 0, 3_000);
        timers.RunDue(timers.NowMs + 10_000);
        Assert.All(due, Assert.Null);
        Assert.Equal(0, timers.Entries);
    }

    private static GroupRig Rig(long group = 16 * Megabyte, long all = -1, long offsets = -1) => new(new GroupConfig
    {
        InitialRebalanceDelayMs = 0,
        GroupMaxBytes = group,
        AllGroupsMaxBytes = all,
        OffsetsMaxBytes = offsets,
    });

    private static JoinGroupResponse Join(
        GroupRig rig, string group, int metadata = 10, int protocols = 1, string? instance = null, bool mustKnowId = false)
    {
        var answer = new Answer<JoinGroupResponse>();
        rig.Shard.Join(
            group,
            new GroupJoin(
                "", instance, new MemberClient("c", "/h"), 10_000, 30_000, "consumer",
                [.. Enumerable.Range(0, protocols).Select(i => new MemberProtocol(i == 0 ? "range" : $"p{i}", new byte[metadata]))], mustKnowId, CanSkipAssignment: true),
            answer.Set);
        return answer.Value;
    }

    /// <summary>Members with 100 KB each, in groups of their own, until one is refused.</summary>
    private static JoinGroupResponse Fill(GroupRig rig)
    {
        for (int i = 0; ; i++)
        {
            JoinGroupResponse joined = Join(rig, $"fill-{i}", metadata: 100_000);
            if (joined.ErrorCode != ErrorCode.None) return joined;
        }
    }

    private static ErrorCode[] Commit(GroupRig rig, int from, int count, string note = "", long producerId = -1)
    {
        var answer = new Answer<ErrorCode[]>();
        rig.Shard.Commit(
            "g", new OffsetCommitter("", null, -1), -1, [.. Enumerable.Range(from, count).Select(i => new OffsetToCommit(new OffsetKey("t", i), i, -1, note))], answer.Set,
            producerId < 0 ? null : new TransactionalProducer(producerId, 0));
        return answer.Value;
    }
}
