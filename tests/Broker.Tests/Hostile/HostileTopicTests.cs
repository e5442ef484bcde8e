using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Hostile;

/// <summary>Topics that no broker should create. Nothing may appear outside the log directory.</summary>
public sealed class HostileTopicTests(HostileBroker broker) : IClassFixture<HostileBroker>
{
    public static TheoryData<string, ErrorCode> Names => new()
    {
        { "", ErrorCode.InvalidTopicException },
        { ".", ErrorCode.InvalidTopicException },
        { "..", ErrorCode.InvalidTopicException },
        { "../../etc/x", ErrorCode.InvalidTopicException },
        { "a/b", ErrorCode.InvalidTopicException },
        { "a\0b", ErrorCode.InvalidTopicException },
        { "a\nb", ErrorCode.InvalidTopicException },
        { "a b", ErrorCode.InvalidTopicException },
        { "a\\b", ErrorCode.InvalidTopicException },
        { "täst", ErrorCode.InvalidTopicException },
        { "\u202e", ErrorCode.InvalidTopicException },
        { new string('x', 250), ErrorCode.InvalidTopicException },
        { new string('x', 32_000), ErrorCode.InvalidTopicException },
        { "__cluster_metadata", ErrorCode.InvalidRequest },
        { HostileBroker.Target, ErrorCode.TopicAlreadyExists },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Create_BadName_IsRefused(string name, ErrorCode expected)
    {
        Assert.Equal(expected, await CreateAsync(new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 }));
        AssertNothingOutside();
        await broker.AssertUnharmedAsync();
    }

    [Fact]
    public async Task Create_NamesThatCollideInMetrics_TheSecondIsRefused()
    {
        Assert.Equal(ErrorCode.None, await CreateAsync(new() { Name = "a.b", NumPartitions = 1, ReplicationFactor = 1 }));
        Assert.Equal(ErrorCode.InvalidTopicException, await CreateAsync(new() { Name = "a_b", NumPartitions = 1, ReplicationFactor = 1 }));
    }

    [Fact]
    public async Task Create_LongestName_IsTaken() =>
        Assert.Equal(ErrorCode.None, await CreateAsync(new() { Name = new string('y', 249), NumPartitions = 1, ReplicationFactor = 1 }));

    [Theory]
    [InlineData(0, 1, ErrorCode.InvalidPartitions)]
    [InlineData(-5, 1, ErrorCode.InvalidPartitions)]
    [InlineData(int.MinValue, 1, ErrorCode.InvalidPartitions)]
    [InlineData(int.MaxValue, 1, ErrorCode.InvalidPartitions)]
    [InlineData(201, 1, ErrorCode.InvalidPartitions)]
    [InlineData(1, 0, ErrorCode.InvalidReplicationFactor)]
    [InlineData(1, -2, ErrorCode.InvalidReplicationFactor)]
    [InlineData(1, 100, ErrorCode.InvalidReplicationFactor)]
    [InlineData(1, short.MaxValue, ErrorCode.InvalidReplicationFactor)]
    public async Task Create_BadCounts_AreRefused(int partitions, short replicas, ErrorCode expected)
    {
        Assert.Equal(expected, await CreateAsync(new() { Name = "counted", NumPartitions = partitions, ReplicationFactor = replicas }));
        await broker.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData(ErrorCode.InvalidReplicaAssignment, new int[] { 0, 0 })]
    [InlineData(ErrorCode.InvalidReplicaAssignment, new int[] { 7 })]
    [InlineData(ErrorCode.InvalidReplicaAssignment, new int[] { -1 })]
    [InlineData(ErrorCode.InvalidReplicaAssignment, new int[0])]
    public async Task Create_BadAssignment_IsRefused(ErrorCode expected, int[] brokers)
    {
        ErrorCode error = await CreateAsync(new()
        {
            Name = "assigned",
            NumPartitions = -1,
            ReplicationFactor = -1,
            Assignments = [new() { PartitionIndex = 0, BrokerIds = brokers }],
        });
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public async Task Create_AssignmentOfAWrongPartition_IsRefused(int index)
    {
        ErrorCode error = await CreateAsync(new()
        {
            Name = "assigned",
            NumPartitions = -1,
            ReplicationFactor = -1,
            Assignments = [new() { PartitionIndex = index, BrokerIds = [0] }],
        });
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, error);
    }

    [Theory]
    [InlineData("no.such.setting", "1")]
    [InlineData("retention.ms", "abc")]
    [InlineData("retention.ms", "")]
    [InlineData("retention.ms", null)]
    [InlineData("retention.ms", "9223372036854775808")]
    [InlineData("segment.bytes", "0")]
    [InlineData("segment.bytes", "-1")]
    [InlineData("min.cleanable.dirty.ratio", "NaN")]
    [InlineData("min.cleanable.dirty.ratio", "1e400")]
    [InlineData("cleanup.policy", "compact,,delete,x")]
    [InlineData("compression.type", "../../x")]
    [InlineData("", "x")]
    public async Task Create_BadSetting_IsRefused(string name, string? value)
    {
        ErrorCode error = await CreateAsync(new()
        {
            Name = "configured",
            NumPartitions = 1,
            ReplicationFactor = 1,
            Configs = [new() { Name = name, Value = value }],
        });
        Assert.Equal(ErrorCode.InvalidConfig, error);
        await broker.AssertUnharmedAsync();
    }

    [Fact]
    public async Task Create_SettingOfThirtyTwoKilobytes_IsRefusedWithAShortMessage()
    {
        await using RawClient client = await broker.ConnectAsync();
        CreateTopicsResponse response = await client.CallAsync<CreateTopicsResponse>(
            Request(new()
            {
                Name = "configured",
                NumPartitions = 1,
                ReplicationFactor = 1,
                Configs = [new() { Name = "retention.ms", Value = new string('9', 32_000) }],
            }),
            5);
        Assert.Equal(ErrorCode.InvalidConfig, response.Topics.Single().ErrorCode);
        Assert.InRange(response.Topics.Single().ErrorMessage!.Length, 1, 2000);
    }

    [Fact]
    public async Task Create_TheSameNameTwiceInOneRequest_IsRefused()
    {
        await using RawClient client = await broker.ConnectAsync();
        CreateTopicsRequest request = Request(new() { Name = "twice", NumPartitions = 1, ReplicationFactor = 1 });
        request.Topics = [.. request.Topics, .. request.Topics];
        CreateTopicsResponse response = await client.CallAsync<CreateTopicsResponse>(request, 4);
        Assert.All(response.Topics, topic => Assert.Equal(ErrorCode.InvalidRequest, topic.ErrorCode));
        await broker.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData("../../etc/x")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("a\0b")]
    public async Task Metadata_AutoCreationOfABadName_IsRefused(string name)
    {
        await using RawClient client = await broker.ConnectAsync();
        MetadataResponse response = await client.CallAsync<MetadataResponse>(
            new MetadataRequest { Topics = [new() { Name = name }], AllowAutoTopicCreation = true }, 9);
        Assert.Equal(ErrorCode.InvalidTopicException, response.Topics.Single().ErrorCode);
        AssertNothingOutside();
        await broker.AssertUnharmedAsync();
    }

    private async Task<ErrorCode> CreateAsync(CreateTopicsRequest.CreatableTopic topic)
    {
        await using RawClient client = await broker.ConnectAsync();
        return (await client.CallAsync<CreateTopicsResponse>(Request(topic), 5)).Topics.Single().ErrorCode;
    }

    private static CreateTopicsRequest Request(CreateTopicsRequest.CreatableTopic topic) => new() { TimeoutMs = 20_000, Topics = [topic] };

    private void AssertNothingOutside()
    {
        Assert.Equal(["logs"], Directory.EnumerateFileSystemEntries(broker.Root).Select(Path.GetFileName));
        foreach (string path in Directory.EnumerateDirectories(Path.Combine(broker.Root, "logs")))
            Assert.Matches("^[a-zA-Z0-9._-]+$", Path.GetFileName(path));
    }
}
