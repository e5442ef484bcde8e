using System.Net;
using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Hostile;

/// <summary>
/// Clients that fill the broker with groups, members and offsets. Memory stays within the bounds, here of 8, 1 and 4 MiB, and a group
/// of another client goes on.
/// </summary>
[Collection(MemoryCollection.Name)]
public sealed class HostileGroupTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const int Megabyte = 1 << 20;
    private const int MaxSize = 50;

    // All three bounds, what is under way, and what the rest of the process may take meanwhile.
    private const long MostGrowth = 48L * Megabyte;

    private readonly string _root = Directory.CreateTempSubdirectory("kbroker-hostile-groups-").FullName;
    private BrokerHost? _host;
    private RawClient? _client;
    private JoinGroupResponse? _member;

    private IPEndPoint EndPoint => _host!.EndPoints.Values.First();

    public async Task InitializeAsync()
    {
        _host = await BrokerHost.StartAsync(
            BrokerConfig.FromSettings(
                ("listeners", "PLAINTEXT://127.0.0.1:0"),
                ("log.dirs", Path.Combine(_root, "logs")),
                ("offsets.topic.num.partitions", "4"),
                ("group.initial.rebalance.delay.ms", "0"),
                ("group.max.size", $"{MaxSize}"),
                ("kbroker.group.max.bytes", $"{Megabyte}"),
                ("kbroker.groups.max.bytes", $"{8 * Megabyte}"),
                ("kbroker.offsets.max.bytes", $"{4 * Megabyte}")),
            new BrokerPlatform { Loggers = NullLoggerFactory.Instance });
        _client = await RawClient.ConnectAsync(EndPoint);
        CreateTopicsResponse created = await _client.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest { TimeoutMs = 20_000, Topics = [new() { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
        Assert.Equal(ErrorCode.None, created.Topics.Single().ErrorCode);
        await _client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "canary" }, 3);
        await Eventually.TrueAsync(
            async () =>
            {
                _member = await JoinAsync(_client, "canary", version: 3);
                return _member.ErrorCode == ErrorCode.None;
            },
            "a coordinator");
        Assert.Equal(ErrorCode.None, (await SyncAsync(_client, "canary", _member!, new byte[100])).ErrorCode);
        Assert.Equal(ErrorCode.None, await CommitAsync(_client, "canary", 0, "", _member));
    }

    public async Task DisposeAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        if (_host is not null) await _host.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Join_OneGroupWithHugeMetadata_IsFull()
    {
        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        long before = Memory();
        for (int i = 0; i < 100; i++)
            Assert.Equal(ErrorCode.GroupMaxSizeReached, (await JoinAsync(client, "huge", metadata: Megabyte, version: 3)).ErrorCode);
        for (int i = 0; i < 10; i++)
            Assert.Equal(ErrorCode.GroupMaxSizeReached, (await JoinAsync(client, "huge", protocols: 50_000, version: 3)).ErrorCode);
        await AssertUnharmedAsync(before);
    }

    [Fact]
    public async Task Join_ManyGroupsWithLargeMetadata_AreRefusedAtTheBoundOfAll()
    {
        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        long before = Memory();
        int taken = 0;
        for (int i = 0; i < 100; i++)
        {
            ErrorCode error = (await JoinAsync(client, $"large-{i}", metadata: 900_000, version: 3)).ErrorCode;
            Assert.Contains(error, (ErrorCode[])[ErrorCode.None, ErrorCode.CoordinatorNotAvailable]);
            if (error == ErrorCode.None) taken++;
        }

        Assert.InRange(taken, 1, 9);
        await AssertUnharmedAsync(before);
    }

    [Fact]
    public async Task Join_EndlessGroups_AreRefusedAtTheBoundOfAll()
    {
        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        long before = Memory();
        ErrorCode last = ErrorCode.MemberIdRequired;
        int taken = 0;
        for (; last == ErrorCode.MemberIdRequired && taken < 20_000; taken++) last = (await JoinAsync(client, $"endless-{taken}")).ErrorCode;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, last);
        // Nor does a commit make a group then.
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, await CommitAsync(client, "committed", 0, ""));
        await AssertUnharmedAsync(before);
    }

    [Fact]
    public async Task Join_EndlessIdsThatNobodyComesBackWith_AreRefusedAtTheGroupsSize()
    {
        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        long before = Memory();
        for (int i = 0; i < MaxSize; i++) Assert.Equal(ErrorCode.MemberIdRequired, (await JoinAsync(client, "ids")).ErrorCode);
        for (int i = 0; i < 100; i++) Assert.Equal(ErrorCode.GroupMaxSizeReached, (await JoinAsync(client, "ids")).ErrorCode);
        await AssertUnharmedAsync(before);
    }

    [Fact]
    public async Task Join_EndlessStaticMembers_AreRefusedAtTheGroupsSize()
    {
        long before = Memory();
        var clients = new List<RawClient>();
        for (int i = 0; i < MaxSize; i++)
        {
            clients.Add(await RawClient.ConnectAsync(EndPoint));
            // The first is answered; the others wait for it to join again, on connections of their own.
            await clients[i].SendAsync(JoinRequest("static", instanceId: $"{i}-{new string('x', 10_000)}"), 5);
            if (i == 0) await clients[i].ReceiveAsync<JoinGroupResponse>(ApiKey.JoinGroup, 5);
        }

        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        JoinGroupResponse last = new();
        await Eventually.TrueAsync(
            async () =>
            {
                // Requests of different connections are not taken in order.
                last = await client.CallAsync<JoinGroupResponse>(JoinRequest("static"), 5);
                return last.ErrorCode != ErrorCode.MemberIdRequired;
            },
            "a full group");
        Assert.Equal(ErrorCode.GroupMaxSizeReached, last.ErrorCode);
        await AssertUnharmedAsync(before);
        foreach (RawClient one in clients) await one.DisposeAsync();
    }

    [Fact]
    public async Task Sync_HugeAssignment_IsRefusedAndTheGroupGoesOn()
    {
        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        long before = Memory();
        for (int i = 0; i < 20; i++)
        {
            JoinGroupResponse joined = await JoinAsync(client, $"assigned-{i}", version: 3);
            Assert.Equal(ErrorCode.UnknownServerError, (await SyncAsync(client, $"assigned-{i}", joined, new byte[8 * Megabyte])).ErrorCode);
        }

        await AssertUnharmedAsync(before);
    }

    [Fact]
    public async Task Commit_NoteAboveTheBound_IsRefused()
    {
        Assert.Equal(ErrorCode.None, await CommitAsync(_client!, "notes", 0, new string('n', 4096)));
        Assert.Equal(ErrorCode.OffsetMetadataTooLarge, await CommitAsync(_client!, "notes", 0, new string('n', 4097)));
        Assert.Equal(ErrorCode.OffsetMetadataTooLarge, await CommitAsync(_client!, "notes", 1, new string('\u00fc', 2049)));
        await AssertUnharmedAsync(Memory());
    }

    [Fact]
    public async Task Commit_EndlessPartitions_AreRefusedAtTheBound()
    {
        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        long before = Memory();
        ErrorCode last = ErrorCode.None;
        int taken = 0;
        for (; last == ErrorCode.None && taken < 5_000; taken++) last = await CommitAsync(client, "endless", taken, new string('n', 4096));
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, last);
        Assert.InRange(taken, 100, 1_000);
        await AssertUnharmedAsync(before);
    }

    [Fact]
    public async Task Describe_OneGroupAgainAndAgain_IsToldOnce()
    {
        await using RawClient client = await RawClient.ConnectAsync(EndPoint);
        JoinGroupResponse joined = await JoinAsync(client, "told", metadata: 500_000, version: 3);
        Assert.Equal(ErrorCode.None, (await SyncAsync(client, "told", joined, new byte[300_000])).ErrorCode);
        long before = Memory();
        DescribeGroupsResponse described = await client.CallAsync<DescribeGroupsResponse>(
            new DescribeGroupsRequest { Groups = [.. Enumerable.Repeat("told", 100_000), "other"] }, 5);
        Assert.Equal(["told", "other"], described.Groups.Select(group => group.GroupId));
        Assert.Equal(500_000, described.Groups[0].Members.Single().MemberMetadata.Length);
        OffsetFetchResponse fetched = await client.CallAsync<OffsetFetchResponse>(
            new OffsetFetchRequest { Groups = [.. Enumerable.Repeat(0, 100_000).Select(_ => new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "canary", Topics = null })] }, 8);
        Assert.Single(fetched.Groups);
        await AssertUnharmedAsync(before);
    }

    /// <summary>The group of the other client lives, commits, rebalances and is assigned; and memory is where it may be.</summary>
    private async Task AssertUnharmedAsync(long before)
    {
        HeartbeatResponse heartbeat = await _client!.CallAsync<HeartbeatResponse>(
            new HeartbeatRequest { GroupId = "canary", MemberId = _member!.MemberId, GenerationId = _member.GenerationId }, 4);
        Assert.Equal(ErrorCode.None, heartbeat.ErrorCode);
        Assert.Equal(ErrorCode.None, await CommitAsync(_client, "canary", 0, "", _member));
        _member = await JoinAsync(_client, "canary", memberId: _member.MemberId, version: 3);
        Assert.Equal(ErrorCode.None, _member.ErrorCode);
        Assert.Equal(ErrorCode.None, (await SyncAsync(_client, "canary", _member, new byte[100])).ErrorCode);
        Assert.InRange(Memory() - before, long.MinValue, MostGrowth);
    }

    private static long Memory() => GC.GetTotalMemory(forceFullCollection: true);

    private static async Task<JoinGroupResponse> JoinAsync(
        RawClient client, string group, string memberId = "", int metadata = 10, int protocols = 1, short version = 5) =>
        await client.CallAsync<JoinGroupResponse>(JoinRequest(group, memberId, metadata: metadata, protocols: protocols), version);

    private static JoinGroupRequest JoinRequest(string group, string memberId = "", string? instanceId = null, int metadata = 10, int protocols = 1) => new()
    {
        GroupId = group,
        MemberId = memberId,
        GroupInstanceId = instanceId,
        SessionTimeoutMs = 60_000,
        RebalanceTimeoutMs = 60_000,
        ProtocolType = "consumer",
        Protocols = [.. Enumerable.Range(0, protocols).Select(i => new JoinGroupRequest.JoinGroupRequestProtocol { Name = i == 0 ? "range" : $"p{i}", Metadata = new byte[metadata] })],
    };

    private static Task<SyncGroupResponse> SyncAsync(RawClient client, string group, JoinGroupResponse joined, byte[] assignment) =>
        client.CallAsync<SyncGroupResponse>(
            new SyncGroupRequest
            {
                GroupId = group,
                MemberId = joined.MemberId,
                GenerationId = joined.GenerationId,
                Assignments = [new() { MemberId = joined.MemberId, Assignment = assignment }],
            },
            3);

    private static async Task<ErrorCode> CommitAsync(RawClient client, string group, int partition, string note, JoinGroupResponse? member = null)
    {
        OffsetCommitResponse response = await client.CallAsync<OffsetCommitResponse>(
            new OffsetCommitRequest
            {
                GroupId = group,
                MemberId = member?.MemberId ?? "",
                GenerationIdOrMemberEpoch = member?.GenerationId ?? -1,
                Topics = [new() { Name = Topic, Partitions = [new() { PartitionIndex = partition, CommittedOffset = 1, CommittedMetadata = note }] }],
            },
            7);
        return response.Topics.Single().Partitions.Single().ErrorCode;
    }
}
