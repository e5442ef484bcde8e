using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>Groups of the consumer protocol over TCP, by the raw client.</summary>
public sealed class ConsumerGroupHandlersTests
{
    private const string Group = "readers";

    [Fact]
    public async Task Group_TwoMembers_ShareATopicOverARestartAndAreDescribed()
    {
        await using BrokerRig rig = await StartAsync();
        Guid topic = (await rig.CreateAsync("t", 4)).TopicId;
        ConsumerGroupHeartbeatResponse a = await JoinAsync(rig, "a");
        Assert.Equal((ErrorCode.None, 1), (a.ErrorCode, a.MemberEpoch));
        Assert.Equal([0, 1, 2, 3], Assert.Single(a.Assignment!.TopicPartitions).Partitions.Order());
        ConsumerGroupHeartbeatResponse b = await JoinAsync(rig, "b");
        Assert.Empty(b.Assignment!.TopicPartitions);

        a = await BeatAsync(rig, "a", 1, (topic, [0, 1, 2, 3]));
        int[] kept = a.Assignment!.TopicPartitions[0].Partitions;
        Assert.Equal(2, kept.Length);
        await rig.CrashAndRestartAsync();
        await FindAsync(rig);
        a = await BeatAsync(rig, "a", 1, (topic, kept));
        Assert.Equal((ErrorCode.None, 2), (a.ErrorCode, a.MemberEpoch));
        b = await BeatAsync(rig, "b", 2);
        Assert.Equal(2, b.Assignment!.TopicPartitions[0].Partitions.Length);

        for (short version = 0; version <= 1; version++)
        {
            ConsumerGroupDescribeResponse.DescribedGroup group = (await rig.CallAsync<ConsumerGroupDescribeResponse>(
                new ConsumerGroupDescribeRequest { GroupIds = [Group], IncludeAuthorizedOperations = true }, version)).Groups[0];
            Assert.Equal((ErrorCode.None, "Stable", 2, 2, "uniform", 2), (group.ErrorCode, group.GroupState, group.GroupEpoch, group.AssignmentEpoch, group.AssignorName, group.Members.Length));
            Assert.NotEqual(int.MinValue, group.AuthorizedOperations);
            ConsumerGroupDescribeResponse.Member member = group.Members.Single(one => one.MemberId == "a");
            Assert.Equal((2, "t", version == 0 ? -1 : 1), (member.MemberEpoch, Assert.Single(member.SubscribedTopicNames), member.MemberType));
            Assert.Equal(("t", topic), (Assert.Single(member.Assignment.TopicPartitions).TopicName, member.Assignment.TopicPartitions[0].TopicId));
            Assert.Equal(kept.Order(), member.Assignment.TopicPartitions[0].Partitions.Order());
            Assert.Equal(kept.Order(), member.TargetAssignment.TopicPartitions[0].Partitions.Order());
            Assert.Equal("/127.0.0.1", member.ClientHost);
        }
    }

    [Fact]
    public async Task Group_Listed_ByTypeAndState()
    {
        await using BrokerRig rig = await StartAsync();
        await rig.CreateAsync("t", 1);
        await JoinAsync(rig, "a");
        Assert.Equal([(Group, "consumer", "Stable", "consumer")], await ListAsync(rig, ["Consumer"], ["stable"]));
        Assert.Empty(await ListAsync(rig, ["classic"], []));
        Assert.Empty(await ListAsync(rig, [], ["Empty"]));
        DescribeGroupsResponse.DescribedGroup classic = (await rig.CallAsync<DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = [Group] }, 6)).Groups[0];
        Assert.Equal((ErrorCode.GroupIdNotFound, "Dead"), (classic.ErrorCode, classic.GroupState));
        ConsumerGroupDescribeResponse unknown = await rig.CallAsync<ConsumerGroupDescribeResponse>(new ConsumerGroupDescribeRequest { GroupIds = ["other"] }, 1);
        Assert.Equal(ErrorCode.GroupIdNotFound, unknown.Groups[0].ErrorCode);
        ConsumerGroupDescribeResponse repeated = await rig.CallAsync<ConsumerGroupDescribeResponse>(
            new ConsumerGroupDescribeRequest { GroupIds = [Group, "other", Group, Group] }, 1);
        Assert.Equal([Group, "other"], repeated.Groups.Select(group => group.GroupId));
        Assert.Equal(ErrorCode.NonEmptyGroup, (await rig.CallAsync<DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = [Group] }, 2)).Results[0].ErrorCode);
        await BeatAsync(rig, "a", -1);
        Assert.Equal([(Group, "consumer", "Empty", "consumer")], await ListAsync(rig, [], []));
        Assert.Equal(ErrorCode.None, (await rig.CallAsync<DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = [Group] }, 2)).Results[0].ErrorCode);
    }

    [Fact]
    public async Task Offsets_ByMemberEpoch_AreCommittedAndRead()
    {
        await using BrokerRig rig = await StartAsync();
        Guid topic = (await rig.CreateAsync("t", 1)).TopicId;
        await JoinAsync(rig, "a");
        Assert.Equal(ErrorCode.None, await CommitAsync(rig, topic, "a", 1, 9));
        Assert.Equal(ErrorCode.None, await CommitAsync(rig, topic, "a", 1, 10));
        Assert.Equal(ErrorCode.StaleMemberEpoch, await CommitAsync(rig, topic, "a", 2, 9));
        Assert.Equal(ErrorCode.UnsupportedVersion, await CommitAsync(rig, topic, "a", 1, 8));
        Assert.Equal(ErrorCode.UnknownMemberId, await CommitAsync(rig, topic, "b", 1, 9));
        foreach ((string? member, int epoch, ErrorCode error) in new[]
        {
            ("a", 1, ErrorCode.None), ("a", 0, ErrorCode.StaleMemberEpoch), ("b", 1, ErrorCode.UnknownMemberId), ((string?)null, -1, ErrorCode.None),
        })
        {
            OffsetFetchResponse fetched = await rig.CallAsync<OffsetFetchResponse>(
                new OffsetFetchRequest { Groups = [new() { GroupId = Group, MemberId = member, MemberEpoch = epoch, Topics = [new() { Name = "t", PartitionIndexes = [0] }] }] }, 9);
            Assert.Equal(error, fetched.Groups[0].ErrorCode);
            if (error == ErrorCode.None) Assert.Equal(5, fetched.Groups[0].Topics[0].Partitions[0].CommittedOffset);
        }
    }

    [Fact]
    public async Task OffsetFetch_PartitionNamedAgain_IsToldOnce()
    {
        await using BrokerRig rig = await StartAsync();
        int[] partitions = [.. Enumerable.Repeat(0, 1_000), 1];
        OffsetFetchResponse one = await rig.CallAsync<OffsetFetchResponse>(
            new OffsetFetchRequest { GroupId = "none", Topics = [new() { Name = "t", PartitionIndexes = partitions }, new() { Name = "t", PartitionIndexes = [1] }] }, 7);
        Assert.Equal([0, 1], one.Topics.SelectMany(topic => topic.Partitions).Select(partition => partition.PartitionIndex));
        OffsetFetchRequest.OffsetFetchRequestGroup asked = new() { GroupId = "none", Topics = [new() { Name = "t", PartitionIndexes = partitions }] };
        OffsetFetchRequest.OffsetFetchRequestGroup again = new() { GroupId = "none", Topics = [new() { Name = "t", PartitionIndexes = [0, 1, 2] }] };
        OffsetFetchRequest.OffsetFetchRequestGroup other = new() { GroupId = "other", Topics = [new() { Name = "t", PartitionIndexes = [0] }] };
        OffsetFetchResponse many = await rig.CallAsync<OffsetFetchResponse>(new OffsetFetchRequest { Groups = [asked, again, other] }, 9);
        Assert.Equal(
            [("none", 0), ("none", 1), ("none", 2), ("other", 0)],
            many.Groups.SelectMany(group => group.Topics.SelectMany(topic => topic.Partitions.Select(partition => (group.GroupId, partition.PartitionIndex)))));
        OffsetFetchRequest.OffsetFetchRequestTopics unknown = new() { TopicId = Guid.NewGuid(), PartitionIndexes = partitions };
        OffsetFetchResponse byId = await rig.CallAsync<OffsetFetchResponse>(
            new OffsetFetchRequest { Groups = [new() { GroupId = "none", Topics = [unknown] }] }, 10);
        Assert.Equal(2, byId.Groups[0].Topics[0].Partitions.Length);
    }

    [Fact]
    public async Task Heartbeat_Expression_IsMatchedByTheBroker()
    {
        await using BrokerRig rig = await StartAsync();
        Guid orders = (await rig.CreateAsync("orders-1", 1)).TopicId;
        await rig.CreateAsync("other", 1);
        ConsumerGroupHeartbeatRequest join = Join("a");
        (join.SubscribedTopicNames, join.SubscribedTopicRegex) = (null, "orders-[0-9]+");
        ConsumerGroupHeartbeatResponse joined = await rig.CallAsync<ConsumerGroupHeartbeatResponse>(join, 1);
        Assert.Equal(orders, Assert.Single(joined.Assignment!.TopicPartitions).TopicId);
        await rig.CreateAsync("orders-2", 1);
        Assert.Equal(2, (await BeatAsync(rig, "a", 1)).Assignment!.TopicPartitions.Length);
        join.SubscribedTopicRegex = "orders-[";
        Assert.Equal(ErrorCode.InvalidRegularExpression, (await rig.CallAsync<ConsumerGroupHeartbeatResponse>(join, 1)).ErrorCode);
    }

    [Fact]
    public async Task Heartbeat_GroupWithSettingsOfItsOwn_TellsItsInterval()
    {
        await using BrokerRig rig = await StartAsync();
        await rig.CreateAsync("t", 1);
        Assert.Equal(5_000, (await JoinAsync(rig, "a")).HeartbeatIntervalMs);
        IncrementalAlterConfigsResponse altered = await rig.CallAsync<IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources = [new() { ResourceType = 32, ResourceName = Group, Configs = [new() { Name = "consumer.heartbeat.interval.ms", Value = "7000" }] }],
            },
            1);
        Assert.Equal(ErrorCode.None, altered.Responses[0].ErrorCode);
        Assert.Equal(7_000, (await BeatAsync(rig, "a", 1)).HeartbeatIntervalMs);
    }

    [Fact]
    public async Task Heartbeat_RequestsThatMakeNoSense_AreRefused()
    {
        await using BrokerRig rig = await StartAsync();
        await rig.CreateAsync("t", 1);
        await RefusedAsync(request => request.GroupId = "");
        await RefusedAsync(request => request.MemberId = "");
        await RefusedAsync(request => request.InstanceId = "");
        await RefusedAsync(request => request.RackId = "");
        await RefusedAsync(request => request.RebalanceTimeoutMs = -1);
        await RefusedAsync(request => request.TopicPartitions = null);
        await RefusedAsync(request => request.TopicPartitions = [new() { TopicId = Guid.NewGuid(), Partitions = [0] }]);
        await RefusedAsync(request => request.SubscribedTopicNames = null);
        await RefusedAsync(request => request.MemberEpoch = -2);
        await RefusedAsync(request => request.MemberEpoch = -3);
        await RefusedAsync(request => request.SubscribedTopicNames = [new string('x', 32_720)]);
        await RefusedAsync(request => request.ServerAssignor = "sticky", ErrorCode.UnsupportedAssignor);

        // Before version 1 the coordinator makes the id.
        ConsumerGroupHeartbeatRequest join = Join("");
        ConsumerGroupHeartbeatResponse joined = await rig.CallAsync<ConsumerGroupHeartbeatResponse>(join, 0);
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        Assert.NotEmpty(joined.MemberId!);

        async Task RefusedAsync(Action<ConsumerGroupHeartbeatRequest> spoil, ErrorCode error = ErrorCode.InvalidRequest)
        {
            ConsumerGroupHeartbeatRequest request = Join("a");
            spoil(request);
            ConsumerGroupHeartbeatResponse response = await rig.CallAsync<ConsumerGroupHeartbeatResponse>(request, 1);
            Assert.Equal(error, response.ErrorCode);
            Assert.NotEmpty(response.ErrorMessage!);
        }
    }

    private static async Task<BrokerRig> StartAsync()
    {
        BrokerRig rig = await BrokerRig.StartAsync(("group.initial.rebalance.delay.ms", "0"), ("offsets.topic.num.partitions", "2"));
        await FindAsync(rig);
        return rig;
    }

    /// <summary>Asks for the coordinator until it has loaded.</summary>
    private static async Task FindAsync(BrokerRig rig)
    {
        await rig.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [Group] }, 4);
        await TestKit.Eventually.TrueAsync(async () =>
            (await rig.CallAsync<ListGroupsResponse>(new ListGroupsRequest(), 4)).ErrorCode == ErrorCode.None, "the coordinators to load");
    }

    private static async Task<(string, string, string, string)[]> ListAsync(BrokerRig rig, string[] types, string[] states) =>
        [.. (await rig.CallAsync<ListGroupsResponse>(new ListGroupsRequest { TypesFilter = types, StatesFilter = states }, 5)).Groups
            .Select(group => (group.GroupId, group.GroupType, group.GroupState, group.ProtocolType))];

    private static ConsumerGroupHeartbeatRequest Join(string memberId) => new()
    {
        GroupId = Group,
        MemberId = memberId,
        RebalanceTimeoutMs = 30_000,
        SubscribedTopicNames = ["t"],
        TopicPartitions = [],
    };

    private static Task<ConsumerGroupHeartbeatResponse> JoinAsync(BrokerRig rig, string memberId) =>
        rig.CallAsync<ConsumerGroupHeartbeatResponse>(Join(memberId), 1);

    private static Task<ConsumerGroupHeartbeatResponse> BeatAsync(BrokerRig rig, string memberId, int epoch, params (Guid Topic, int[] Partitions)[] owned) =>
        rig.CallAsync<ConsumerGroupHeartbeatResponse>(
            new ConsumerGroupHeartbeatRequest
            {
                GroupId = Group,
                MemberId = memberId,
                MemberEpoch = epoch,
                TopicPartitions = owned.Length == 0 ? null : [.. owned.Select(one => new ConsumerGroupHeartbeatRequest.TopicPartitionsData { TopicId = one.Topic, Partitions = one.Partitions })],
            },
            1);

    private static async Task<ErrorCode> CommitAsync(BrokerRig rig, Guid topic, string memberId, int epoch, short version) =>
        (await rig.CallAsync<OffsetCommitResponse>(
            new OffsetCommitRequest
            {
                GroupId = Group,
                MemberId = memberId,
                GenerationIdOrMemberEpoch = epoch,
                Topics = [new() { Name = version < 10 ? "t" : "", TopicId = version < 10 ? Guid.Empty : topic, Partitions = [new() { PartitionIndex = 0, CommittedOffset = 5 }] }],
            },
            version)).Topics[0].Partitions[0].ErrorCode;
}
