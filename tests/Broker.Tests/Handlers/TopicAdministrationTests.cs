using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>CreateTopics, auto-creation, CreatePartitions and DeleteTopics, against a whole broker.</summary>
public sealed class TopicAdministrationTests(SharedBroker broker) : IClassFixture<SharedBroker>
{
    [Fact]
    public async Task CreateTopics_Created_TellsSizeConfigurationAndIdAndServesAtOnce()
    {
        CreateTopicsResponse.CreatableTopicResult created = await broker.Rig.CreateAsync("created", 3, ("retention.ms", "60000"));
        Assert.Equal((ErrorCode.None, 3, (short)1), (created.ErrorCode, created.NumPartitions, created.ReplicationFactor));
        Assert.Null(created.ErrorMessage);
        Assert.NotEqual(Guid.Empty, created.TopicId);
        CreateTopicsResponse.CreatableTopicConfigs retention = Assert.Single(created.Configs!, config => config.Name == "retention.ms");
        Assert.Equal(("60000", (sbyte)1), (retention.Value, retention.ConfigSource));
        MetadataResponse.MetadataResponseTopic topic = await MetadataAsync("created", create: false);
        Assert.Equal((created.TopicId, 3), (topic.TopicId, topic.Partitions.Length));
        Assert.Equal(0, await broker.Rig.ProduceAsync("created", 1));
    }

    [Theory]
    [InlineData("taken", 1, 1, ErrorCode.TopicAlreadyExists)]
    [InlineData("..", 1, 1, ErrorCode.InvalidTopicException)]
    [InlineData("../x", 1, 1, ErrorCode.InvalidTopicException)]
    [InlineData("", 1, 1, ErrorCode.InvalidTopicException)]
    [InlineData("a/b", 1, 1, ErrorCode.InvalidTopicException)]
    [InlineData("a\0b", 1, 1, ErrorCode.InvalidTopicException)]
    [InlineData("тема", 1, 1, ErrorCode.InvalidTopicException)]
    [InlineData("ta_ken.too", 1, 1, ErrorCode.InvalidTopicException)]
    [InlineData("none", 0, 1, ErrorCode.InvalidPartitions)]
    [InlineData("negative", -5, 1, ErrorCode.InvalidPartitions)]
    [InlineData("huge", int.MaxValue, 1, ErrorCode.InvalidPartitions)]
    [InlineData("replicas", 1, 3, ErrorCode.InvalidReplicationFactor)]
    [InlineData("no-replicas", 1, 0, ErrorCode.InvalidReplicationFactor)]
    [InlineData("__cluster_metadata", 1, 1, ErrorCode.InvalidRequest)]
    public async Task CreateTopics_Refused_SaysWhy(string name, int partitions, short replicas, ErrorCode error)
    {
        await broker.Rig.CreateAsync("taken");
        await broker.Rig.CreateAsync("ta.ken_too");
        CreateTopicsResponse answer = await broker.Rig.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = replicas }] }, 7);
        CreateTopicsResponse.CreatableTopicResult topic = Assert.Single(answer.Topics);
        Assert.Equal((name, error), (topic.Name, topic.ErrorCode));
        Assert.NotEmpty(topic.ErrorMessage!);
    }

    [Theory]
    [InlineData("retention.ms", "soon")]
    [InlineData("no.such.setting", "1")]
    [InlineData("min.cleanable.dirty.ratio", "NaN")]
    [InlineData("segment.bytes", "0")]
    [InlineData("cleanup.policy", null)]
    public async Task CreateTopics_BadConfiguration_IsInvalidConfig(string name, string? value) =>
        Assert.Equal(ErrorCode.InvalidConfig, (await broker.Rig.CreateAsync("configured", 1, (name, value))).ErrorCode);

    [Fact]
    public async Task CreateTopics_ValidateOnly_CreatesNothing()
    {
        CreateTopicsResponse answer = await broker.Rig.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = [new() { Name = "only-checked", NumPartitions = 2, ReplicationFactor = -1 }], ValidateOnly = true }, 7);
        Assert.Equal((ErrorCode.None, 2, (short)1, Guid.Empty), (answer.Topics[0].ErrorCode, answer.Topics[0].NumPartitions, answer.Topics[0].ReplicationFactor, answer.Topics[0].TopicId));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await MetadataAsync("only-checked", create: false)).ErrorCode);
    }

    [Fact]
    public async Task CreateTopics_NamedTwice_IsInvalidAndAnsweredOnce()
    {
        CreateTopicsRequest.CreatableTopic topic = new() { Name = "doubled", NumPartitions = 1, ReplicationFactor = 1 };
        CreateTopicsResponse answer = await broker.Rig.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [topic, topic] }, 7);
        Assert.Equal(ErrorCode.InvalidRequest, Assert.Single(answer.Topics).ErrorCode);
    }

    [Fact]
    public async Task CreateTopics_TooManyAtOnce_IsRefusedWhole()
    {
        CreateTopicsResponse answer = await broker.Rig.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                Topics = [.. Enumerable.Range(0, 10_001).Select(i => new CreateTopicsRequest.CreatableTopic { Name = $"many{i}", NumPartitions = 1, ReplicationFactor = 1 })],
            },
            7);
        Assert.All(answer.Topics, topic => Assert.Equal(ErrorCode.PolicyViolation, topic.ErrorCode));
    }

    [Fact]
    public async Task Metadata_UnknownTopic_IsCreatedAndReadyInTheSameAnswer()
    {
        MetadataResponse.MetadataResponseTopic topic = await MetadataAsync("auto-created", create: true);
        Assert.Equal(ErrorCode.None, topic.ErrorCode);
        Assert.Equal((ErrorCode.None, 0), (Assert.Single(topic.Partitions).ErrorCode, topic.Partitions[0].LeaderId));
        Assert.Equal(0, await broker.Rig.ProduceAsync("auto-created", 1));
    }

    [Fact]
    public async Task Metadata_AutoCreationOff_CreatesNothing()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync(("auto.create.topics.enable", "false"));
        MetadataResponse answer = await rig.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = "unwanted" }] }, 9);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, answer.Topics[0].ErrorCode);
        Assert.Empty((await rig.CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, 9)).Topics);
    }

    [Fact]
    public async Task Metadata_AutoCreation_TakesTheBrokersNumbers()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync(("num.partitions", "4"));
        MetadataResponse answer = await rig.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = "four" }] }, 9);
        Assert.Equal(4, answer.Topics[0].Partitions.Length);
    }

    [Fact]
    public async Task CreatePartitions_Growth_IsServedAndAnythingElseRefused()
    {
        await broker.Rig.CreateAsync("growing", 2);
        Assert.Equal(ErrorCode.None, await GrowAsync("growing", 3, validateOnly: true));
        Assert.Equal(2, (await MetadataAsync("growing", create: false)).Partitions.Length);
        Assert.Equal(ErrorCode.None, await GrowAsync("growing", 4));
        Assert.Equal(4, (await MetadataAsync("growing", create: false)).Partitions.Length);
        Assert.Equal(ErrorCode.InvalidPartitions, await GrowAsync("growing", 4));
        Assert.Equal(ErrorCode.InvalidPartitions, await GrowAsync("growing", -1));
        Assert.Equal(ErrorCode.InvalidPartitions, await GrowAsync("growing", int.MaxValue));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await GrowAsync("not-there", 4));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, await GrowAsync("growing", 5, assignment: [9]));
        Assert.Equal(ErrorCode.None, await GrowAsync("growing", 5, assignment: [0]));
    }

    [Fact]
    public async Task DeleteTopics_ByNameAndById_EachOnItsOwn()
    {
        await broker.Rig.CreateAsync("gone-by-name");
        Guid id = (await broker.Rig.CreateAsync("gone-by-id")).TopicId;
        Guid unknown = Guid.NewGuid();
        DeleteTopicsResponse answer = await broker.Rig.CallAsync<DeleteTopicsResponse>(
            new DeleteTopicsRequest
            {
                Topics =
                [
                    new() { Name = "gone-by-name" },
                    new() { Name = "both", TopicId = id },
                    new() { Name = null, TopicId = id },
                    new() { Name = null },
                    new() { Name = null, TopicId = unknown },
                    new() { Name = "never-there" },
                ],
                TimeoutMs = 10_000,
            },
            6);
        Assert.Equal(
            [ErrorCode.None, ErrorCode.InvalidRequest, ErrorCode.None, ErrorCode.InvalidRequest, ErrorCode.UnknownTopicId, ErrorCode.UnknownTopicOrPartition],
            answer.Responses.Select(topic => topic.ErrorCode));
        Assert.Equal(["gone-by-name", "both", "gone-by-id", null, null, "never-there"], answer.Responses.Select(topic => topic.Name));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await MetadataAsync("gone-by-name", create: false)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await MetadataAsync("gone-by-id", create: false)).ErrorCode);
    }

    [Theory]
    [InlineData(2, ErrorCode.InvalidRequest)]
    [InlineData(3, ErrorCode.TopicDeletionDisabled)]
    public async Task DeleteTopics_Disabled_IsSaidInWordsTheVersionKnows(short version, ErrorCode error)
    {
        await using BrokerRig rig = await BrokerRig.StartAsync(("delete.topic.enable", "false"));
        await rig.CreateAsync("kept");
        DeleteTopicsResponse answer = await rig.CallAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TopicNames = ["kept"], TimeoutMs = 10_000 }, version);
        Assert.Equal(error, answer.Responses[0].ErrorCode);
    }

    private async Task<MetadataResponse.MetadataResponseTopic> MetadataAsync(string topic, bool create) => (await broker.Rig.CallAsync<MetadataResponse>(
        new MetadataRequest { Topics = [new() { Name = topic }], AllowAutoTopicCreation = create }, 13)).Topics[0];

    private async Task<ErrorCode> GrowAsync(string topic, int count, bool validateOnly = false, int[]? assignment = null) => (await broker.Rig.CallAsync<CreatePartitionsResponse>(
        new CreatePartitionsRequest
        {
            Topics = [new() { Name = topic, Count = count, Assignments = assignment is null ? null : [new() { BrokerIds = assignment }] }],
            ValidateOnly = validateOnly,
            TimeoutMs = 10_000,
        },
        3)).Results[0].ErrorCode;
}
