using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>Groups with members that pass from the classic to the consumer protocol and back (KIP-848).</summary>
public sealed class GroupMigrationTests
{
    [Fact]
    public void Upgrade_ConsumerJoinsAClassicGroup_ItsMembersGoOnAndLetGoWhatMoves()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string classic = StableClassic(rig);
        ConsumerHeartbeatAnswer joined = rig.Join("b");
        Assert.Equal((ErrorCode.None, 2, TopicPartitionSet.Empty), (joined.Error, joined.MemberEpoch, joined.Assignment));
        Assert.Equal((2, 1), (rig.State.GroupEpoch, rig.State.Members[classic].Epoch));
        Assert.False(rig.Shards.Shard.TryGet("g", out _));

        // The classic member is told to join again, says what it has, gets what is left to it, lets go and joins once more.
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Heartbeat(classic, 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Sync(classic, 1).Value.ErrorCode);
        Assert.Equal(1, Rejoin(rig, classic, 0, 1, 2, 3, 4, 5).GenerationId);
        int[] left = Assigned(rig.Shards.Sync(classic, 1).Value);
        Assert.Equal(3, left.Length);
        Assert.Equal(TopicPartitionSet.Empty, joined.Assignment);
        Assert.Null(rig.Beat("b", 2, TopicPartitionSet.Empty).Assignment);
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Heartbeat(classic, 1));
        Assert.Equal(2, Rejoin(rig, classic, left).GenerationId);
        Assert.Equal(left, Assigned(rig.Shards.Sync(classic, 2).Value));
        Assert.Equal(3, rig.Beat("b", 2, TopicPartitionSet.Empty).Assignment!.Count);
        Assert.Equal(ErrorCode.None, rig.Shards.Heartbeat(classic, 2));
        Assert.Equal("Stable", rig.Group.StateName);
        Assert.Equal(ErrorCode.IllegalGeneration, rig.Shards.Heartbeat(classic, 1));
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Shards.Heartbeat("b", 2));
        Assert.Equal([ErrorCode.None], rig.Shards.Commit(classic, 2, 7).Value);
        Assert.Equal([ErrorCode.IllegalGeneration], rig.Shards.Commit(classic, 3, 7).Value);
    }

    [Fact]
    public void Upgrade_OverAMove_TheGroupIsAConsumerGroup()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string classic = StableClassic(rig);
        rig.Join("b");
        rig.Shards.Move();
        Assert.Equal(2, rig.State.Members.Count);
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Heartbeat(classic, 1));
    }

    [Fact]
    public void Upgrade_MembersThatWaitInARebalance_AreToldToComeAgain()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string first = StableClassic(rig);
        Answer<JoinGroupResponse> second = rig.Shards.Join();
        Assert.False(second.IsThere);
        rig.Join("b");
        Assert.Equal(ErrorCode.RebalanceInProgress, second.Value.ErrorCode);
        Assert.Equal(3, rig.State.Members.Count);
        Assert.Equal(6, rig.State.Members[first].Current.Assigned.Set.Count);
    }

    [Theory]
    [InlineData(GroupMigrationPolicy.Disabled)]
    [InlineData(GroupMigrationPolicy.Downgrade)]
    public void Upgrade_PolicyForbids_IsRefusedAndNothingChanges(GroupMigrationPolicy policy)
    {
        var rig = new ConsumerRig(new ConsumerGroupConfig { MigrationPolicy = policy }, ("t", 6));
        string classic = StableClassic(rig);
        Assert.Equal(ErrorCode.GroupIdNotFound, rig.Join("b").Error);
        Assert.Equal(ErrorCode.None, rig.Shards.Heartbeat(classic, 1));
    }

    [Fact]
    public void Upgrade_LogRefuses_NothingChanges()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string classic = StableClassic(rig);
        rig.Shards.Log.Refusal = ErrorCode.NotCoordinator;
        Assert.Equal(ErrorCode.NotCoordinator, rig.Join("b").Error);
        rig.Shards.Log.Refusal = ErrorCode.None;
        Assert.Equal(ErrorCode.None, rig.Shards.Heartbeat(classic, 1));
    }

    [Fact]
    public void Upgrade_OtherProtocolTypeOrAssignorWithUserData_IsRefused()
    {
        ConsumerRig connect = ConsumerRig.WithTopic();
        string worker = connect.Shards.Join(type: "connect").Value.MemberId;
        connect.Shards.Sync(worker, 1, (worker, [1]));
        Assert.Equal(ErrorCode.GroupIdNotFound, connect.Join("b").Error);

        ConsumerRig streams = ConsumerRig.WithTopic();
        string task = streams.Shards.Join().Value.MemberId;
        streams.Shards.Sync(task, 1, (task, Write(new ConsumerProtocolAssignment { UserData = new byte[] { 1 } })));
        Assert.Equal(ErrorCode.GroupIdNotFound, streams.Join("b").Error);

        ConsumerRig broken = ConsumerRig.WithTopic();
        string member = broken.Shards.StableMember();
        Assert.Equal(ErrorCode.GroupIdNotFound, broken.Join("b").Error);
        Assert.Equal(ErrorCode.None, broken.Shards.Heartbeat(member, 1));
    }

    [Fact]
    public void Downgrade_LastConsumerLeaves_TheGroupIsClassicAndItsMembersJoinAgain()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string classic = Upgraded(rig);
        Assert.Equal(ErrorCode.None, rig.Beat("b", -1).Error);
        Assert.False(rig.Shards.Shard.TryGetConsumers("g", out _));
        Assert.Equal((2, ClassicGroupState.PreparingRebalance), (rig.Shards.Group.GenerationId, rig.Shards.Group.State));
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Heartbeat(classic, 2));
        JoinGroupResponse joined = Rejoin(rig, classic);
        Assert.Equal((ErrorCode.None, 3, classic), (joined.ErrorCode, joined.GenerationId, joined.Leader));
        Assert.Equal(ErrorCode.GroupIdNotFound, rig.Beat("b", 2).Error);
        rig.Shards.Move();
        Assert.Equal(1, rig.Shards.Group.Members.Count);
    }

    [Fact]
    public void Downgrade_LastConsumerIsSilent_TheGroupIsClassic()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string classic = Upgraded(rig);
        for (int i = 0; i < 10; i++)
        {
            rig.Shards.Advance(5_000);
            rig.Shards.Heartbeat(classic, 2);
        }

        Assert.Equal(ClassicGroupState.PreparingRebalance, rig.Shards.Group.State);
    }

    [Fact]
    public void Downgrade_PolicyForbids_TheGroupStaysAConsumerGroup()
    {
        var rig = new ConsumerRig(new ConsumerGroupConfig { MigrationPolicy = GroupMigrationPolicy.Upgrade }, ("t", 6));
        string classic = Upgraded(rig);
        rig.Beat("b", -1);
        Assert.Equal(ErrorCode.None, rig.Shards.Heartbeat(classic, 2));
        rig.Join("c");
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Heartbeat(classic, 2));
        Assert.Equal([classic, "c"], rig.State.Members.Keys.Order(StringComparer.Ordinal).OrderBy(id => id == "c"));
    }

    [Fact]
    public void Downgrade_StaticConsumerIsReplacedByAClassicOne_TheGroupIsClassicWithoutRebalance()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("a", "i");
        JoinGroupResponse joined = rig.Shards.Join(instanceId: "i").Value;
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        Assert.Equal((ClassicGroupState.Stable, joined.GenerationId), (rig.Shards.Group.State, rig.Shards.Group.GenerationId));
        Assert.Equal([0, 1, 2, 3, 4, 5], Assigned(rig.Shards.Sync(joined.MemberId, joined.GenerationId).Value));
        Assert.Equal(ErrorCode.GroupIdNotFound, rig.Beat("a", 1, instanceId: "i").Error);
    }

    [Fact]
    public void ClassicMember_JoinsAConsumerGroup_IsAssignedByTheServer()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("b");
        JoinGroupResponse told = rig.Shards.Join(mustKnowId: true).Value;
        Assert.Equal(ErrorCode.MemberIdRequired, told.ErrorCode);
        JoinGroupResponse joined = rig.Shards.Join(told.MemberId, mustKnowId: true).Value;
        Assert.Equal((ErrorCode.None, 2, "range", "", 0), (joined.ErrorCode, joined.GenerationId, joined.ProtocolName, joined.Leader, joined.Members.Length));
        Assert.Empty(Assigned(rig.Shards.Sync(joined.MemberId, 2).Value));
        // What it waits for is not free: there is nothing to join for.
        Assert.Equal(ErrorCode.None, rig.Shards.Heartbeat(joined.MemberId, 2));
        TopicPartitionSet kept = rig.Beat("b", 1, rig.Parts(0, 1, 2, 3, 4, 5)).Assignment!;
        rig.Beat("b", 1, kept);
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Heartbeat(joined.MemberId, 2));
        Rejoin(rig, joined.MemberId);
        Assert.Equal(3, Assigned(rig.Shards.Sync(joined.MemberId, 2).Value).Length);
    }

    [Fact]
    public void ClassicMember_DoesNotJoinAgainInTime_IsOut()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string classic = StableClassic(rig);
        rig.Join("b");
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Heartbeat(classic, 1));
            rig.Shards.Advance(5_000);
        }

        rig.Shards.Advance(1);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Shards.Heartbeat(classic, 1));
        Assert.Equal(6, rig.Beat("b", 2).Assignment!.Count);
    }

    [Fact]
    public void ClassicMember_JoinsAndDoesNotSync_IsOut()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("b");
        string classic = rig.Shards.Join(session: 60_000).Value.MemberId;
        rig.Shards.Advance(30_001);
        Assert.Equal(ErrorCode.UnknownMemberId, rig.Shards.Heartbeat(classic, 2));
    }

    [Fact]
    public void ClassicMember_OtherProtocolOrPolicy_IsRefused()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("b");
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, rig.Shards.Join(type: "connect").Value.ErrorCode);
        rig.Shards.Join(protocols: ["range"]);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, rig.Shards.Join(protocols: ["roundrobin"]).Value.ErrorCode);
        var disabled = new ConsumerRig(new ConsumerGroupConfig { MigrationPolicy = GroupMigrationPolicy.Disabled }, ("t", 6));
        disabled.Join("b");
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, disabled.Shards.Join().Value.ErrorCode);
    }

    [Fact]
    public void ClassicMember_IdThatNoRecordHolds_IsRefused()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("b");
        Assert.Equal(ErrorCode.InvalidRequest, rig.Shards.Join(new string('m', short.MaxValue + 1)).Value.ErrorCode);
        Assert.Equal(["b"], rig.State.Members.Keys);
    }

    [Fact]
    public void ClassicMember_NamesAProtocolThatNotAllName_NeedsOneOfAll()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        rig.Join("b");
        rig.Shards.Join(protocols: ["range", "sticky", "range"]);
        Assert.Equal(ErrorCode.None, rig.Shards.Join(protocols: ["other", "sticky"]).Value.ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, rig.Shards.Join(protocols: ["range", "range"]).Value.ErrorCode);
        Assert.Equal(ErrorCode.None, rig.Shards.Join(protocols: ["range", "sticky"]).Value.ErrorCode);
    }

    [Fact]
    public void Upgrade_NearTheBoundOfAllGroups_CountsTheClassicGroupNoMore()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        JoinGroupResponse joined = rig.Shards.Join(protocols: ["range", new string('p', 30_000)]).Value;
        byte[] assignment = Write(new ConsumerProtocolAssignment { AssignedPartitions = [new() { Topic = "t", Partitions = [0] }] });
        rig.Shards.Sync(joined.MemberId, 1, (joined.MemberId, assignment));
        rig.Shards.Config = rig.Shards.Config with { AllGroupsMaxBytes = rig.Shards.Memory.Members.HeldBytes + 20_000 };
        Assert.Equal(ErrorCode.None, rig.Join("b").Error);
        Assert.Equal(2, rig.State.Members.Count);
        // What one group may hold is a bound that the old group's memory does not widen.
        ConsumerRig full = ConsumerRig.WithTopic();
        StableClassic(full);
        full.Shards.Config = full.Shards.Config with { GroupMaxBytes = full.Shards.Group.Holdings.Bytes };
        Assert.Equal(ErrorCode.GroupMaxSizeReached, full.Join("b").Error);
    }

    [Fact]
    public void Downgrade_TooLargeForTheLog_TheMemberIsOutAndTheGroupStaysAConsumerGroup()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string classic = Upgraded(rig);
        byte[] metadata = Write(new ConsumerProtocolSubscription { Topics = ["t"], UserData = new byte[120_000] });
        for (int i = 0; i < 10; i++)
        {
            var joined = new Answer<JoinGroupResponse>();
            rig.Shards.Shard.Join(
                "g",
                new GroupJoin("", null, new MemberClient("c", "/h"), 10_000, 30_000, "consumer", [new MemberProtocol("range", metadata)], MustKnowId: false, CanSkipAssignment: true),
                joined.Set);
            Assert.Equal(ErrorCode.None, joined.Value.ErrorCode);
        }

        long held = rig.Shards.Memory.Members.HeldBytes;
        Assert.Equal(ErrorCode.None, rig.Beat("b", -1).Error);
        Assert.Equal(11, rig.State.Members.Values.Count(member => member.IsClassic));
        Assert.DoesNotContain("b", rig.State.Members.Keys);
        Assert.InRange(rig.Shards.Memory.Members.HeldBytes, 1, held);
        Assert.Equal(ErrorCode.RebalanceInProgress, rig.Shards.Heartbeat(classic, 2));
    }

    [Fact]
    public void ClassicMember_Leaves_ItsPartitionsGoToTheOthers()
    {
        ConsumerRig rig = ConsumerRig.WithTopic();
        string classic = Upgraded(rig);
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownMemberId], rig.Shards.Shard.Leave("g", [new(classic, null), new("nobody", null)]));
        Assert.Equal(6, rig.Beat("b", 2).Assignment!.Count);
    }

    /// <summary>A classic group of one member that has all partitions.</summary>
    private static string StableClassic(ConsumerRig rig)
    {
        JoinGroupResponse joined = rig.Shards.Join().Value;
        byte[] assignment = Write(new ConsumerProtocolAssignment { AssignedPartitions = [new() { Topic = "t", Partitions = [0, 1, 2, 3, 4, 5] }] });
        Assert.Equal(ErrorCode.None, rig.Shards.Sync(joined.MemberId, 1, (joined.MemberId, assignment)).Value.ErrorCode);
        return joined.MemberId;
    }

    /// <summary>A stable consumer group in epoch 2 of a classic member, whose id this is, and member b.</summary>
    private static string Upgraded(ConsumerRig rig)
    {
        string classic = StableClassic(rig);
        rig.Join("b");
        Rejoin(rig, classic);
        rig.Shards.Sync(classic, 2);
        rig.Beat("b", 2, TopicPartitionSet.Empty);
        Assert.Equal("Stable", rig.Group.StateName);
        return classic;
    }

    private static JoinGroupResponse Rejoin(ConsumerRig rig, string memberId, params int[] owned)
    {
        var answer = new Answer<JoinGroupResponse>();
        byte[] metadata = Write(new ConsumerProtocolSubscription { Topics = ["t"], OwnedPartitions = owned.Length == 0 ? [] : [new() { Topic = "t", Partitions = owned }] });
        rig.Shards.Shard.Join(
            "g",
            new GroupJoin(memberId, null, new MemberClient("c", "/h"), 10_000, 30_000, "consumer", [new MemberProtocol("range", metadata)], true, true),
            answer.Set);
        return answer.Value;
    }

    private static int[] Assigned(SyncGroupResponse response)
    {
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        var reader = new KafkaReader(response.Assignment);
        ConsumerProtocolAssignment assignment = ConsumerProtocolAssignment.Read(ref reader, reader.ReadInt16());
        return [.. assignment.AssignedPartitions.SelectMany(topic => topic.Partitions)];
    }

    private static byte[] Write(WireStruct body)
    {
        var bytes = new byte[sizeof(short) + body.GetSize(1)];
        var writer = new KafkaWriter(bytes);
        writer.WriteInt16(1);
        body.Write(ref writer, 1);
        return bytes;
    }
}
