using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Tests.Commands;

public sealed class TopicsCommandTests : IDisposable
{
    private readonly FakeBroker _broker = new();
    private CreateTopicsRequest.CreatableTopic? _created;
    private ErrorCode _error;

    public TopicsCommandTests()
    {
        _broker.On<MetadataRequest>(ApiKey.Metadata, (_, _) => new MetadataResponse
        {
            Brokers = [new() { NodeId = 1, Host = _broker.Endpoint.Host, Port = _broker.Endpoint.Port }],
            ControllerId = 1,
            Topics = [Topic("orders", [1], [1]), Topic("a.b", [1, 2], [1]), Topic("axb", [2], []), Topic("__internal", [1], [1])],
        });
        _broker.On<CreateTopicsRequest>(ApiKey.CreateTopics, (request, _) =>
        {
            _created = request.Topics.Single();
            return new CreateTopicsResponse { Topics = [new() { Name = _created.Name, ErrorCode = _error, ErrorMessage = _error == 0 ? null : "Words of the broker." }] };
        });
        _broker.On<DescribeConfigsRequest>(ApiKey.DescribeConfigs, (request, _) => new DescribeConfigsResponse
        {
            Results = [.. request.Resources.Select(resource => new DescribeConfigsResponse.DescribeConfigsResult
            {
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
                Configs = resource.ResourceName == "orders"
                    ? [Config("retention.ms", "5", 1), Config("cleanup.policy", "delete", 5), Config("min.insync.replicas", "2", 1)]
                    : [Config("cleanup.policy", "delete", 5)],
            })],
        });
    }

    public void Dispose() => _broker.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Fact]
    public async Task List_All_SortedNames()
    {
        Assert.Equal(new(0, [], "__internal\na.b\naxb\norders\n", ""), await RunAsync("--list"), CompareOutcomes);
        Assert.Equal("a.b\naxb\norders\n", (await RunAsync("--list --exclude-internal")).Out);
    }

    [Fact]
    public async Task Describe_Topic_InKafkasFormat()
    {
        CommandOutcome outcome = await RunAsync("--describe --topic orders");
        Assert.Equal(
            "Topic: orders\tTopicId: AQIDBAUGRwiJEBESExQVFg\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: retention.ms=5,min.insync.replicas=2\n"
            + "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: N/A\tLastKnownElr: N/A\n",
            outcome.Out);
    }

    [Theory]
    [InlineData("--under-replicated-partitions", "a.b axb")]
    [InlineData("--unavailable-partitions", "axb")]
    [InlineData("--under-min-isr-partitions", "axb orders")]
    [InlineData("--at-min-isr-partitions", "__internal a.b")]
    [InlineData("--topics-with-overrides", "orders")]
    [InlineData("--topic a.b", "a.b axb")]
    [InlineData("--topic a.b,ord.*", "a.b axb orders")]
    public async Task Describe_Selections_ShowOnlyThose(string options, string expected)
    {
        CommandOutcome outcome = await RunAsync($"--describe {options}");
        var names = outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.TrimStart().Split('\t')[0]["Topic: ".Length..]).Distinct();
        Assert.Equal(expected, string.Join(' ', names));
    }

    [Theory]
    [InlineData("--describe --topic nothing")]
    [InlineData("--delete --topic nothing")]
    [InlineData("--alter --topic nothing --partitions 3")]
    public async Task Run_TopicMissing_FailsUnlessTold(string line)
    {
        CommandOutcome outcome = await RunAsync(line);
        Assert.Equal((1, "", "kbroker: Topic 'nothing' does not exist as expected\n"), (outcome.ExitCode, outcome.Out, outcome.Error));
        Assert.Equal(0, (await RunAsync($"{line} --if-exists")).ExitCode);
    }

    [Fact]
    public async Task Create_WithEverything_SendsIt()
    {
        CommandOutcome outcome = await RunAsync("--create --topic new --partitions 3 --replication-factor 2 --config retention.ms=7 --config cleanup.policy=compact");
        Assert.Equal((0, "Created topic new.\n", ""), (outcome.ExitCode, outcome.Out, outcome.Error));
        Assert.Equal(("new", 3, (short)2), (_created!.Name, _created.NumPartitions, _created.ReplicationFactor));
        Assert.Equal(["retention.ms=7", "cleanup.policy=compact"], _created.Configs.Select(config => $"{config.Name}={config.Value}"));
        await RunAsync("--create --topic new");
        Assert.Equal((-1, (short)-1), (_created.NumPartitions, _created.ReplicationFactor));
        await RunAsync("--create --topic new --replica-assignment 1:2,2:1");
        Assert.Equal(["1,2", "2,1"], _created.Assignments.Select(item => string.Join(',', item.BrokerIds)));
    }

    [Fact]
    public async Task Create_Exists_FailsUnlessTold()
    {
        _error = ErrorCode.TopicAlreadyExists;
        CommandOutcome outcome = await RunAsync("--create --topic orders");
        Assert.Equal((1, "", "kbroker: Topic 'orders' is not created: Words of the broker.\n"), (outcome.ExitCode, outcome.Out, outcome.Error));
        Assert.Equal(0, (await RunAsync("--create --topic orders --if-not-exists")).ExitCode);
    }

    [Fact]
    public async Task DeleteAndAlter_Pattern_NamesEveryMatch()
    {
        var deleted = new List<string>();
        _broker.On<DeleteTopicsRequest>(ApiKey.DeleteTopics, (request, _) =>
        {
            deleted.AddRange(request.Topics.Select(topic => topic.Name!));
            return new DeleteTopicsResponse { Responses = [.. request.Topics.Select(topic => new DeleteTopicsResponse.DeletableTopicResult { Name = topic.Name })] };
        });
        Assert.Equal(0, (await RunAsync("--delete --topic a.b")).ExitCode);
        Assert.Equal(["a.b", "axb"], deleted);
        var altered = new List<string>();
        _broker.On<CreatePartitionsRequest>(ApiKey.CreatePartitions, (request, _) =>
        {
            altered.AddRange(request.Topics.Select(topic => $"{topic.Name}:{topic.Count}"));
            return new CreatePartitionsResponse { Results = [.. request.Topics.Select(topic => new CreatePartitionsResponse.CreatePartitionsTopicResult { Name = topic.Name, ErrorCode = ErrorCode.InvalidPartitions })] };
        });
        CommandOutcome outcome = await RunAsync("--alter --topic orders --partitions 5");
        Assert.Equal((1, "kbroker: Topic 'orders' is not changed: the number of partitions is not valid (INVALID_PARTITIONS)\n"), (outcome.ExitCode, outcome.Error));
        Assert.Equal(["orders:5"], altered);
    }

    [Theory]
    [InlineData("", "Exactly one action")]
    [InlineData("--list --create --topic x", "Exactly one action")]
    [InlineData("--create", "--topic is required")]
    [InlineData("--create --topic t --partitions 0", "--partitions '0': expected a whole number, 1 or more")]
    [InlineData("--create --topic t --partitions abc", "abc")]
    [InlineData("--create --topic t --replication-factor 40000", "expected a whole number, from 1 to 32767")]
    [InlineData("--create --topic t --config x", "expected name=value")]
    [InlineData("--create --topic t --replica-assignment 0:0", "names a broker twice")]
    [InlineData("--create --topic t --partitions 1 --replica-assignment 0:1", "goes without")]
    [InlineData("--list --if-exists", "--if-exists goes only with")]
    [InlineData("--alter --topic t", "--partitions is required with --alter")]
    [InlineData("--describe --under-nonsense", "--under-nonsense")]
    public async Task Run_LineNotUnderstood_UsageAndCodeTwo(string line, string mention)
    {
        CommandOutcome outcome = await RunAsync(line);
        Assert.Equal(ExitCodes.Usage, outcome.ExitCode);
        Assert.Contains(mention, outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Usage:", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_broker.Seen);
    }

    [Fact]
    public async Task Run_BadPattern_SaysSo()
    {
        CommandOutcome outcome = await RunAsync("--describe --topic a(b");
        Assert.Equal(ExitCodes.Failure, outcome.ExitCode);
        Assert.Contains("is not a regular expression", outcome.Error, StringComparison.Ordinal);
    }

    private static bool CompareOutcomes(CommandOutcome left, CommandOutcome right) =>
        left.ExitCode == right.ExitCode && left.Out == right.Out && left.Error == right.Error;

    private static MetadataResponse.MetadataResponseTopic Topic(string name, int[] replicas, int[] isr) => new()
    {
        Name = name,
        TopicId = new Guid("01020304-0506-4708-8910-111213141516"),
        IsInternal = name.StartsWith("__", StringComparison.Ordinal),
        Partitions = [new() { LeaderId = isr.Length > 0 ? isr[0] : -1, ReplicaNodes = replicas, IsrNodes = isr }],
    };

    private static DescribeConfigsResponse.DescribeConfigsResourceResult Config(string name, string value, sbyte source) =>
        new() { Name = name, Value = value, ConfigSource = source };

    private Task<CommandOutcome> RunAsync(string line) => CommandRun.RunAsync(_broker, "", $"topics {line}");
}
