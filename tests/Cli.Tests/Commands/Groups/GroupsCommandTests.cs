using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Cli.Tests.Commands.Groups;

/// <summary><c>kbroker groups</c> against a broker that knows a classic group, one of the consumer protocol and an empty one.</summary>
public sealed class GroupsCommandTests : IDisposable
{
    private static readonly Guid OrdersId = new("00000000-0000-0000-0000-0000000000aa");

    private static readonly (string Id, string State, string Type)[] Known = [("old", "Stable", "classic"), ("new", "Stable", "consumer"), ("idle", "Empty", "classic")];

    private readonly FakeBroker _broker = new();
    private readonly List<OffsetCommitRequest> _commits = [];

    public GroupsCommandTests()
    {
        _broker.On<MetadataRequest>(ApiKey.Metadata, (request, _) => new MetadataResponse
        {
            Brokers = [new() { NodeId = 1, Host = _broker.Endpoint.Host, Port = _broker.Endpoint.Port }],
            ControllerId = 1,
            Topics = request.Topics is { Length: 0 } ? [] : [Topic("orders", 3)],
        });
        _broker.On<FindCoordinatorRequest>(ApiKey.FindCoordinator, (_, _) => new FindCoordinatorResponse
        {
            NodeId = 1,
            Host = _broker.Endpoint.Host,
            Port = _broker.Endpoint.Port,
        });
        _broker.On<ListGroupsRequest>(ApiKey.ListGroups, (request, _) => new ListGroupsResponse
        {
            Groups =
            [
                .. Known
                    .Where(group => request.StatesFilter.Length == 0 || request.StatesFilter.Contains(group.State))
                    .Where(group => request.TypesFilter.Length == 0 || request.TypesFilter.Contains(group.Type))
                    .Select(group => new ListGroupsResponse.ListedGroup { GroupId = group.Id, ProtocolType = "consumer", GroupState = group.State, GroupType = group.Type }),
            ],
        });
        _broker.On<ConsumerGroupDescribeRequest>(ApiKey.ConsumerGroupDescribe, (request, _) => new ConsumerGroupDescribeResponse
        {
            Groups = [request.GroupIds[0] == "new" ? NewGroup() : new() { GroupId = request.GroupIds[0], ErrorCode = ErrorCode.GroupIdNotFound }],
        });
        _broker.On<DescribeGroupsRequest>(ApiKey.DescribeGroups, (request, version) => new DescribeGroupsResponse
        {
            Groups = [Classic(request.Groups[0], version)],
        });
        _broker.On<OffsetFetchRequest>(ApiKey.OffsetFetch, (_, _) => new OffsetFetchResponse
        {
            Topics =
            [
                new() { Name = "orders", Partitions = [Committed(0, 40), Committed(1, 25)] },
                new() { Name = "gone", Partitions = [Committed(0, 7)] },
            ],
        });
        _broker.On<ListOffsetsRequest>(ApiKey.ListOffsets, (request, _) => new ListOffsetsResponse
        {
            Topics = [.. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
            {
                Name = topic.Name,
                Partitions = [.. topic.Partitions.Select(partition => new ListOffsetsResponse.ListOffsetsPartitionResponse
                {
                    PartitionIndex = partition.PartitionIndex,
                    // The partitions hold 10 to 50; nothing is as late as the year 2100.
                    Offset = partition.Timestamp switch { -1 => 50, -2 => 10, > 4_000_000_000_000 => -1, _ => 30 },
                })],
            })],
        });
        _broker.On<OffsetCommitRequest>(ApiKey.OffsetCommit, (request, _) =>
        {
            _commits.Add(request);
            return new OffsetCommitResponse
            {
                Topics = [.. request.Topics.Select(topic => new OffsetCommitResponse.OffsetCommitResponseTopic
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Select(partition => new OffsetCommitResponse.OffsetCommitResponsePartition { PartitionIndex = partition.PartitionIndex })],
                })],
            };
        });
    }

    public void Dispose() => _broker.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Theory]
    [InlineData("list", "idle\nnew\nold\n")]
    [InlineData("--list", "idle\nnew\nold\n")]
    [InlineData("list --state", "GROUP  STATE\nidle   Empty\nnew    Stable\nold    Stable\n")]
    [InlineData("list --type --state", "GROUP  TYPE      STATE\nidle   Classic   Empty\nnew    Consumer  Stable\nold    Classic   Stable\n")]
    [InlineData("list --type=consumer", "GROUP  TYPE\nnew    Consumer\n")]
    [InlineData("list --state Empty,Dead", "GROUP  STATE\nidle   Empty\n")]
    public async Task List_Filters_ShowWhatWasAskedFor(string line, string expected)
    {
        CommandOutcome outcome = await RunAsync(line);
        Assert.Equal((0, expected, ""), (outcome.ExitCode, outcome.Out, outcome.Error));
    }

    [Fact]
    public async Task List_OldBroker_SaysWhatItCannotTell()
    {
        _broker.Versions[ApiKey.ListGroups] = (0, 3);
        Assert.Equal("idle\nnew\nold\n", (await RunAsync("list")).Out);
        CommandOutcome outcome = await RunAsync("list --state Empty");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("is too old to tell the states of groups", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("describe old")]
    [InlineData("--describe --group old")]
    [InlineData("describe --group old --offsets")]
    public async Task Describe_ClassicGroup_ShowsOffsetsAndLag(string line)
    {
        CommandOutcome outcome = await RunAsync(line);
        Assert.Equal(
            """
            GROUP  TOPIC   PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST   CLIENT-ID
            old    gone    0          7               -               -    -            -      -
            old    orders  0          40              50              10   m-1          /10.1  shop
            old    orders  1          25              50              25   -            -      -
            old    orders  2          -               50              -    m-1          /10.1  shop
            old    -       -          -               -               -    m-2          /10.2  shop

            """,
            outcome.Out);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public async Task Describe_ConsumerGroup_ShowsOffsetsMembersAndState()
    {
        Assert.Contains("new    orders  1          25              50              25   c-1          /10.3  app", (await RunAsync("describe new")).Out, StringComparison.Ordinal);
        Assert.Equal(
            """
            GROUP  CONSUMER-ID  GROUP-INSTANCE-ID  HOST   CLIENT-ID  #PARTITIONS  CURRENT-EPOCH  CURRENT-ASSIGNMENT  TARGET-EPOCH  TARGET-ASSIGNMENT
            new    c-1          i-1                /10.3  app        1            4              orders:1            5             orders:0,1

            """,
            (await RunAsync("describe new --members --verbose")).Out);
        Assert.Equal(
            $"""
            GROUP  COORDINATOR (ID){new string(' ', _broker.Endpoint.ToString().Length + 4 - 16)}  TYPE      ASSIGNMENT-STRATEGY  STATE   #MEMBERS
            new    {_broker.Endpoint} (1)  Consumer  uniform              Stable  1

            """,
            (await RunAsync("describe --state new")).Out);
    }

    [Fact]
    public async Task Describe_BrokerWithoutConsumerGroups_FallsBack()
    {
        _broker.Versions.TryRemove(ApiKey.ConsumerGroupDescribe, out _);
        CommandOutcome outcome = await RunAsync("describe old --members");
        Assert.Equal("GROUP  CONSUMER-ID  HOST   CLIENT-ID  #PARTITIONS\nold    m-1          /10.1  shop       2\nold    m-2          /10.2  shop       0\n", outcome.Out);
        Assert.Equal(0, _broker.Count(ApiKey.ConsumerGroupDescribe));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Describe_GroupThatDoesNotExist_Fails(short version)
    {
        _broker.Versions[ApiKey.DescribeGroups] = (0, version);
        CommandOutcome outcome = await RunAsync("describe nobody");
        Assert.Equal((1, "", "kbroker: Group 'nobody' does not exist\n"), (outcome.ExitCode, outcome.Out, outcome.Error));
    }

    [Fact]
    public async Task Describe_EmptyGroup_SaysSo() => Assert.Equal("kbroker: group 'idle' has no active members\n", (await RunAsync("describe idle")).Error);

    [Theory]
    [InlineData("--to-earliest", "10 10 10")]
    [InlineData("--to-latest", "50 50 50")]
    [InlineData("--to-current", "40 25 50")]
    [InlineData("--to-offset 20", "20 20 20")]
    [InlineData("--to-offset 9", "10 10 10")]
    [InlineData("--to-datetime 2020-01-01T00:00:00.000", "30 30 30")]
    [InlineData("--to-datetime 2100-01-01T00:00:00.000", "50 50 50")]
    [InlineData("--by-duration P1D", "30 30 30")]
    public async Task Reset_WithoutExecute_ShowsAndSetsNothing(string target, string expected)
    {
        CommandOutcome outcome = await RunAsync($"reset-offsets idle --topic orders {target}");
        Assert.Equal(0, outcome.ExitCode);
        string[] rows = outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"], rows[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(expected, string.Join(' ', rows.Skip(1).Select(row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3])));
        Assert.EndsWith("kbroker: nothing is set: give --execute to do it\n", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_commits);
    }

    [Fact]
    public async Task Reset_Execute_CommitsForNobody()
    {
        CommandOutcome outcome = await RunAsync("--reset-offsets --group idle --topic orders:0,1 --shift-by -20 --execute");
        Assert.Equal((0, "GROUP  TOPIC   PARTITION  NEW-OFFSET\nidle   orders  0          20\nidle   orders  1          10\n"), (outcome.ExitCode, outcome.Out));
        Assert.Equal("kbroker: orders-1: offset 5 is below the first one, 10, and becomes it\n", outcome.Error);
        OffsetCommitRequest commit = Assert.Single(_commits);
        Assert.Equal(("idle", "", -1), (commit.GroupId, commit.MemberId, commit.GenerationIdOrMemberEpoch));
        Assert.Equal([(0, 20L), (1, 10L)], commit.Topics.Single().Partitions.Select(one => (one.PartitionIndex, one.CommittedOffset)));
    }

    [Theory]
    [InlineData("reset-offsets old --topic orders --to-earliest", "group 'old' is Stable")]
    [InlineData("reset-offsets new --topic orders --to-earliest", "group 'new' is Stable")]
    [InlineData("reset-offsets idle --topic nothing --to-earliest", "Topic 'nothing' does not exist")]
    [InlineData("reset-offsets idle --topic orders:9 --to-earliest", "Topic 'orders' has no partition 9")]
    [InlineData("reset-offsets idle --topic orders:2 --shift-by 1", "cannot be shifted: none is committed")]
    [InlineData("reset-offsets idle --all-topics --to-earliest", "The offsets of gone-0 cannot be told")]
    public async Task Reset_NotPossible_SaysWhyAndSetsNothing(string line, string reason)
    {
        CommandOutcome outcome = await RunAsync($"{line} --execute");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(reason, outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_commits);
    }

    [Fact]
    public async Task Reset_CoordinatorLoads_IsTriedAgain()
    {
        int calls = 0;
        _broker.On<DescribeGroupsRequest>(ApiKey.DescribeGroups, (request, version) => new DescribeGroupsResponse
        {
            Groups = [calls++ == 0 ? new() { GroupId = request.Groups[0], ErrorCode = ErrorCode.CoordinatorLoadInProgress } : Classic(request.Groups[0], version)],
        });
        Assert.Equal(0, (await RunAsync("reset-offsets idle --topic orders:0 --to-earliest")).ExitCode);
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task Delete_SeveralGroups_GoesOnAfterAFailure()
    {
        _broker.On<DeleteGroupsRequest>(ApiKey.DeleteGroups, (request, _) => new DeleteGroupsResponse
        {
            Results = [.. request.GroupsNames.Select(id => new DeleteGroupsResponse.DeletableGroupResult { GroupId = id, ErrorCode = id == "old" ? ErrorCode.NonEmptyGroup : ErrorCode.None })],
        });
        CommandOutcome outcome = await RunAsync("delete old idle");
        Assert.Equal(
            (1, "Deleted group idle.\n", "kbroker: Group 'old' is not deleted: the group has members (NON_EMPTY_GROUP)\n"),
            (outcome.ExitCode, outcome.Out, outcome.Error));
    }

    [Fact]
    public async Task DeleteOffsets_Topic_TellsWhatBecameOfEachPartition()
    {
        _broker.On<OffsetDeleteRequest>(ApiKey.OffsetDelete, (request, _) => new OffsetDeleteResponse
        {
            Topics = [.. request.Topics.Select(topic => new OffsetDeleteResponse.OffsetDeleteResponseTopic
            {
                Name = topic.Name,
                Partitions = [.. topic.Partitions.Select(partition => new OffsetDeleteResponse.OffsetDeleteResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = topic.Name == "orders" ? ErrorCode.GroupSubscribedToTopic : ErrorCode.None,
                })],
            })],
        });
        CommandOutcome gone = await RunAsync("delete-offsets idle --topic gone");
        Assert.Equal((0, "TOPIC  PARTITION  STATUS\ngone   0          Deleted\n"), (gone.ExitCode, gone.Out));
        CommandOutcome read = await RunAsync("delete-offsets idle --topic orders:1");
        Assert.Equal((1, "TOPIC   PARTITION  STATUS\norders  1          Error: members of the group read this topic (GROUP_SUBSCRIBED_TO_TOPIC)\n"), (read.ExitCode, read.Out));
    }

    [Theory]
    [InlineData("", "Exactly one action is needed: list, describe, delete, delete-offsets, reset-offsets")]
    [InlineData("show", "'show' is no action")]
    [InlineData("--list --delete", "Exactly one action is needed")]
    [InlineData("list billing", "list shows all groups")]
    [InlineData("describe", "Name groups, or give --all-groups")]
    [InlineData("describe a --all-groups", "Name groups, or give --all-groups")]
    [InlineData("describe a --members --offsets", "exclude each other")]
    [InlineData("describe a --topic t", "--topic goes only with delete-offsets and reset-offsets")]
    [InlineData("describe a --to-earliest", "--to-earliest goes only with reset-offsets")]
    [InlineData("delete-offsets a", "--topic is required")]
    [InlineData("delete-offsets a b --topic t", "delete-offsets is for one group")]
    [InlineData("reset-offsets a --to-earliest", "needs --topic or --all-topics")]
    [InlineData("reset-offsets a --topic t --all-topics --to-earliest", "needs --topic or --all-topics")]
    [InlineData("reset-offsets a --topic t", "needs exactly one of --to-earliest")]
    [InlineData("reset-offsets a --topic t --to-earliest --to-latest", "needs exactly one of --to-earliest")]
    [InlineData("reset-offsets a --topic t:x --to-latest", "'x' is not a partition")]
    [InlineData("reset-offsets a --topic t --to-datetime now", "expected YYYY-MM-DDThh:mm:ss.sss")]
    [InlineData("reset-offsets a --topic t --by-duration 1h", "expected PnDTnHnMnS")]
    [InlineData("reset-offsets a --topic t --to-offset -1", "expected a whole number, 0 or more")]
    [InlineData("reset-offsets a --topic t --to-latest --execute --dry-run", "exclude each other")]
    public async Task Run_LineNotUnderstood_UsageAndCodeTwo(string line, string mention)
    {
        CommandOutcome outcome = await RunAsync(line);
        Assert.Equal(ExitCodes.Usage, outcome.ExitCode);
        Assert.Contains(mention, outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Usage:", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_broker.Seen);
    }

    private static MetadataResponse.MetadataResponseTopic Topic(string name, int partitions) => new()
    {
        Name = name,
        TopicId = OrdersId,
        Partitions = [.. Enumerable.Range(0, partitions).Select(i => new MetadataResponse.MetadataResponsePartition { PartitionIndex = i, LeaderId = 1, ReplicaNodes = [1], IsrNodes = [1] })],
    };

    private static OffsetFetchResponse.OffsetFetchResponsePartition Committed(int partition, long offset) =>
        new() { PartitionIndex = partition, CommittedOffset = offset, CommittedLeaderEpoch = 3, Metadata = "" };

    private static ConsumerGroupDescribeResponse.DescribedGroup NewGroup() => new()
    {
        GroupId = "new",
        GroupState = "Stable",
        GroupEpoch = 5,
        AssignmentEpoch = 5,
        AssignorName = "uniform",
        Members =
        [
            new()
            {
                MemberId = "c-1",
                InstanceId = "i-1",
                MemberEpoch = 4,
                ClientId = "app",
                ClientHost = "/10.3",
                SubscribedTopicNames = ["orders"],
                Assignment = Orders(1),
                TargetAssignment = Orders(0, 1),
            },
        ],
    };

    private static ConsumerGroupDescribeResponse.Assignment Orders(params int[] partitions) =>
        new() { TopicPartitions = [new() { TopicId = OrdersId, TopicName = "orders", Partitions = partitions }] };

    private static DescribeGroupsResponse.DescribedGroup Classic(string id, short version) => id switch
    {
        "old" => new()
        {
            GroupId = id,
            GroupState = "Stable",
            ProtocolType = "consumer",
            ProtocolData = "range",
            Members =
            [
                new() { MemberId = "m-1", ClientId = "shop", ClientHost = "/10.1", MemberMetadata = [], MemberAssignment = Assigned("orders", 0, 2) },
                new() { MemberId = "m-2", ClientId = "shop", ClientHost = "/10.2", MemberMetadata = [], MemberAssignment = [] },
            ],
        },
        "idle" => new() { GroupId = id, GroupState = "Empty", ProtocolType = "consumer", ProtocolData = "", Members = [] },
        _ => new() { GroupId = id, ErrorCode = version >= 6 ? ErrorCode.GroupIdNotFound : ErrorCode.None, GroupState = "Dead", ProtocolType = "", ProtocolData = "", Members = [] },
    };

    private static byte[] Assigned(string topic, params int[] partitions)
    {
        var assignment = new ConsumerProtocolAssignment { AssignedPartitions = [new() { Topic = topic, Partitions = partitions }] };
        var bytes = new byte[sizeof(short) + assignment.GetSize(0)];
        var writer = new KafkaWriter(bytes);
        writer.WriteInt16(0);
        assignment.Write(ref writer, 0);
        return bytes;
    }

    private Task<CommandOutcome> RunAsync(string line) => CommandRun.RunAsync(_broker, "", $"groups {line}");
}
