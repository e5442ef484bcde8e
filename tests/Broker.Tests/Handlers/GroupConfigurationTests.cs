using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>The settings that groups have of their own, through DescribeConfigs, IncrementalAlterConfigs, AlterConfigs and ListConfigResources.</summary>
public sealed class GroupConfigurationTests(SharedBroker broker) : IClassFixture<SharedBroker>
{
    private const sbyte Topic = 2;
    private const sbyte Group = 32;
    private const string Session = "consumer.session.timeout.ms";
    private const string Heartbeat = "consumer.heartbeat.interval.ms";

    [Fact]
    public async Task Describe_GroupWithoutSettings_TellsTheBrokers()
    {
        DescribeConfigsResponse.DescribeConfigsResult result = await DescribeAsync("nobody");
        Assert.Equal([(Session, "45000", (sbyte)5), (Heartbeat, "5000", (sbyte)5)], result.Configs.Select(config => (config.Name, config.Value!, config.ConfigSource)));
        Assert.Equal("group.consumer.session.timeout.ms", Assert.Single(result.Configs[0].Synonyms).Name);
        Assert.All(result.Configs, config => Assert.False(config.ReadOnly));
    }

    [Fact]
    public async Task Describe_GroupWithoutId_IsInvalidRequest() => Assert.Equal(ErrorCode.InvalidRequest, (await DescribeAsync("")).ErrorCode);

    [Fact]
    public async Task Incremental_SetAndDelete_ChangeOneGroup()
    {
        Assert.Equal(ErrorCode.None, await ChangeAsync("eager", (Session, "50000"), (Heartbeat, "6000")));
        DescribeConfigsResponse.DescribeConfigsResult own = await DescribeAsync("eager");
        Assert.Equal([(Session, "50000", (sbyte)8), (Heartbeat, "6000", (sbyte)8)], own.Configs.Select(config => (config.Name, config.Value!, config.ConfigSource)));
        Assert.Equal([(Session, (sbyte)8), ("group.consumer.session.timeout.ms", (sbyte)5)], own.Configs[0].Synonyms.Select(synonym => (synonym.Name, synonym.Source)));
        Assert.Equal("45000", (await DescribeAsync("other")).Configs[0].Value);
        Assert.Contains(("eager", Group), await ListAsync(Group));

        Assert.Equal(ErrorCode.None, await ChangeAsync("eager", (Session, null), (Heartbeat, null)));
        Assert.Equal("45000", (await DescribeAsync("eager")).Configs[0].Value);
        Assert.DoesNotContain(("eager", Group), await ListAsync(Group));
    }

    [Theory]
    [InlineData(Session, "44999", "group.consumer.min.session.timeout.ms (45000)")]
    [InlineData(Session, "60001", "group.consumer.max.session.timeout.ms (60000)")]
    [InlineData(Session, "0", "Value must be at least 1")]
    [InlineData(Session, "long", "Not a number of type INT")]
    [InlineData(Heartbeat, "4999", "group.consumer.min.heartbeat.interval.ms (5000)")]
    [InlineData(Heartbeat, "15001", "group.consumer.max.heartbeat.interval.ms (15000)")]
    [InlineData("session.timeout.ms", "50000", "Unknown group config name")]
    [InlineData("share.session.timeout.ms", "50000", "Unknown group config name")]
    public async Task Incremental_NotAllowed_IsInvalidConfig(string name, string value, string reason)
    {
        IncrementalAlterConfigsResponse answer = await AlterAsync("strict", (name, value));
        Assert.Equal(ErrorCode.InvalidConfig, answer.Responses[0].ErrorCode);
        Assert.Contains(reason, answer.Responses[0].ErrorMessage, StringComparison.Ordinal);
        Assert.Equal("45000", (await DescribeAsync("strict")).Configs[0].Value);
    }

    [Fact]
    public async Task Incremental_GroupWithoutId_IsInvalidRequest() => Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync("", (Session, "50000")));

    [Fact]
    public async Task Incremental_SessionNotLongerThanHeartbeat_IsInvalidConfig()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync(("group.consumer.min.session.timeout.ms", "1000"));
        IncrementalAlterConfigsResponse answer = await rig.CallAsync<IncrementalAlterConfigsResponse>(Request("g", (Session, "6000"), (Heartbeat, "6000")), 1);
        Assert.Equal(ErrorCode.InvalidConfig, answer.Responses[0].ErrorCode);
        answer = await rig.CallAsync<IncrementalAlterConfigsResponse>(Request("g", (Session, "6001"), (Heartbeat, "6000")), 1);
        Assert.Equal(ErrorCode.None, answer.Responses[0].ErrorCode);
    }

    [Fact]
    public async Task Heartbeat_IntervalOfTheGroupChanges_MemberIsToldWithoutARestart()
    {
        await broker.Rig.CreateAsync("beaten");
        await FindCoordinatorAsync("beating");
        ConsumerGroupHeartbeatResponse joined = await BeatAsync(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "beating",
            MemberId = "AAAAAAAAAAAAAAAAAAAAAQ",
            MemberEpoch = 0,
            RebalanceTimeoutMs = 60_000,
            SubscribedTopicNames = ["beaten"],
            TopicPartitions = [],
        });
        Assert.Equal((ErrorCode.None, 5_000), (joined.ErrorCode, joined.HeartbeatIntervalMs));
        Assert.Equal(ErrorCode.None, await ChangeAsync("beating", (Heartbeat, "6000")));
        ConsumerGroupHeartbeatResponse next = await BeatAsync(new ConsumerGroupHeartbeatRequest { GroupId = "beating", MemberId = joined.MemberId!, MemberEpoch = joined.MemberEpoch });
        Assert.Equal((ErrorCode.None, 6_000), (next.ErrorCode, next.HeartbeatIntervalMs));
    }

    [Fact]
    public async Task Alter_Group_ReplacesEverything()
    {
        Assert.Equal(ErrorCode.None, await ChangeAsync("replaced", (Session, "50000")));
        AlterConfigsResponse answer = await broker.Rig.CallAsync<AlterConfigsResponse>(
            new AlterConfigsRequest { Resources = [new() { ResourceType = Group, ResourceName = "replaced", Configs = [new() { Name = Heartbeat, Value = "7000" }] }] }, 2);
        Assert.Equal(ErrorCode.None, answer.Responses[0].ErrorCode);
        Assert.Equal([("45000", (sbyte)5), ("7000", (sbyte)8)], (await DescribeAsync("replaced")).Configs.Select(config => (config.Value!, config.ConfigSource)));
    }

    [Fact]
    public async Task List_EachType_NamesWhatThereIs()
    {
        await broker.Rig.CreateAsync("listed");
        Assert.Equal(ErrorCode.None, await ChangeAsync("a/b ü", (Session, "50000")));
        Assert.Contains(("listed", Topic), await ListAsync(Topic));
        Assert.Equal([("0", (sbyte)4)], await ListAsync(4));
        Assert.Equal([("0", (sbyte)8)], await ListAsync(8));
        Assert.Empty(await ListAsync(16));
        (string Name, sbyte Type)[] all = await ListAsync();
        Assert.Contains(("listed", Topic), all);
        Assert.Contains(("a/b ü", Group), all);
        Assert.Equal(ErrorCode.UnsupportedVersion, (await broker.Rig.CallAsync<ListConfigResourcesResponse>(new ListConfigResourcesRequest { ResourceTypes = [3] }, 1)).ErrorCode);
        Assert.Empty((await broker.Rig.CallAsync<ListConfigResourcesResponse>(new ListConfigResourcesRequest(), 0)).ConfigResources);
    }

    private static IncrementalAlterConfigsRequest Request(string name, params (string Name, string? Value)[] changes) => new()
    {
        Resources =
        [
            new()
            {
                ResourceType = Group,
                ResourceName = name,
                Configs = [.. changes.Select(change => new IncrementalAlterConfigsRequest.AlterableConfig
                {
                    Name = change.Name,
                    ConfigOperation = (sbyte)(change.Value is null ? 1 : 0),
                    Value = change.Value,
                })],
            },
        ],
    };

    private Task<IncrementalAlterConfigsResponse> AlterAsync(string name, params (string Name, string? Value)[] changes) =>
        broker.Rig.CallAsync<IncrementalAlterConfigsResponse>(Request(name, changes), 1);

    private async Task<ErrorCode> ChangeAsync(string name, params (string Name, string? Value)[] changes) => (await AlterAsync(name, changes)).Responses[0].ErrorCode;

    private async Task FindCoordinatorAsync(string group)
    {
        FindCoordinatorResponse found;
        do found = await broker.Rig.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = group }, 3);
        while (found.ErrorCode == ErrorCode.CoordinatorNotAvailable);
        Assert.Equal(ErrorCode.None, found.ErrorCode);
    }

    private async Task<ConsumerGroupHeartbeatResponse> BeatAsync(ConsumerGroupHeartbeatRequest request)
    {
        ConsumerGroupHeartbeatResponse response;
        do response = await broker.Rig.CallAsync<ConsumerGroupHeartbeatResponse>(request, 1);
        while (response.ErrorCode is ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator);
        return response;
    }

    private async Task<(string Name, sbyte Type)[]> ListAsync(params sbyte[] types) =>
        [.. (await broker.Rig.CallAsync<ListConfigResourcesResponse>(new ListConfigResourcesRequest { ResourceTypes = types }, 1)).ConfigResources.Select(one => (one.ResourceName, one.ResourceType))];

    private async Task<DescribeConfigsResponse.DescribeConfigsResult> DescribeAsync(string name) => (await broker.Rig.CallAsync<DescribeConfigsResponse>(
        new DescribeConfigsRequest { Resources = [new() { ResourceType = Group, ResourceName = name, ConfigurationKeys = null }], IncludeSynonyms = true }, 4)).Results[0];
}
