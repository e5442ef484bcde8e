using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>DescribeConfigs, AlterConfigs and IncrementalAlterConfigs, against a whole broker.</summary>
public sealed class ConfigurationHandlersTests(SharedBroker broker) : IClassFixture<SharedBroker>
{
    private const sbyte Topic = 2;
    private const sbyte Broker = 4;
    private const sbyte Set = 0;
    private const sbyte Delete = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    [Fact]
    public async Task Describe_Topic_TellsValueSourceTypeSynonymsAndDocumentation()
    {
        await broker.Rig.CreateAsync("described", 1, ("max.message.bytes", "5000"));
        DescribeConfigsResponse.DescribeConfigsResourceResult config = Assert.Single(await DescribeAsync(Topic, "described", "max.message.bytes"));
        Assert.Equal(("5000", (sbyte)1, (sbyte)3, false), (config.Value, config.ConfigSource, config.ConfigType, config.ReadOnly));
        Assert.NotEmpty(config.Documentation!);
        Assert.Equal(
            [("max.message.bytes", "5000", (sbyte)1), ("message.max.bytes", "1048588", (sbyte)5)],
            config.Synonyms.Select(synonym => (synonym.Name, synonym.Value!, synonym.Source)));
    }

    [Fact]
    public async Task Describe_Version0_MarksDefaults()
    {
        await broker.Rig.CreateAsync("described-old", 1, ("max.message.bytes", "5000"));
        DescribeConfigsResponse answer = await broker.Rig.CallAsync<DescribeConfigsResponse>(
            new DescribeConfigsRequest { Resources = [new() { ResourceType = Topic, ResourceName = "described-old", ConfigurationKeys = ["max.message.bytes", "retention.ms"] }] }, 0);
        Assert.Equal(
            [("max.message.bytes", false), ("retention.ms", true)],
            answer.Results[0].Configs.Select(config => (config.Name, config.IsDefault)).Order());
    }

    [Fact]
    public async Task Describe_ResourceNamedOften_IsAnsweredOnceWithAllItsKeys()
    {
        await broker.Rig.CreateAsync("described-often");
        DescribeConfigsResponse answer = await broker.Rig.CallAsync<DescribeConfigsResponse>(
            new DescribeConfigsRequest
            {
                Resources =
                [
                    new() { ResourceType = Topic, ResourceName = "described-often", ConfigurationKeys = ["retention.ms"] },
                    new() { ResourceType = Topic, ResourceName = "described-often", ConfigurationKeys = ["segment.ms", "no.such.key"] },
                ],
            },
            4);
        Assert.Equal(["retention.ms", "segment.ms"], Assert.Single(answer.Results).Configs.Select(config => config.Name).Order());
    }

    [Theory]
    [InlineData(Topic, "not-there", ErrorCode.UnknownTopicOrPartition)]
    [InlineData(Topic, "..", ErrorCode.InvalidTopicException)]
    [InlineData(Topic, "", ErrorCode.InvalidTopicException)]
    [InlineData(Broker, "1", ErrorCode.InvalidRequest)]
    [InlineData(Broker, "00", ErrorCode.InvalidRequest)]
    [InlineData((sbyte)8, "0", ErrorCode.InvalidRequest)]
    [InlineData((sbyte)-1, "x", ErrorCode.InvalidRequest)]
    public async Task Describe_UnknownResource_IsRefused(sbyte type, string name, ErrorCode error)
    {
        DescribeConfigsResponse answer = await broker.Rig.CallAsync<DescribeConfigsResponse>(
            new DescribeConfigsRequest { Resources = [new() { ResourceType = type, ResourceName = name, ConfigurationKeys = null }] }, 4);
        Assert.Equal((error, type, name), (answer.Results[0].ErrorCode, answer.Results[0].ResourceType, answer.Results[0].ResourceName));
        Assert.NotEmpty(answer.Results[0].ErrorMessage!);
        Assert.Empty(answer.Results[0].Configs);
    }

    [Fact]
    public async Task Incremental_EachOperation_ChangesOnlyWhatItNames()
    {
        await broker.Rig.CreateAsync("changed", 1, ("retention.ms", "1000"), ("segment.ms", "2000"));
        Assert.Equal(ErrorCode.None, await ChangeAsync(
            Topic, "changed", ("cleanup.policy", Append, "compact"), ("retention.ms", Delete, null), ("max.message.bytes", Set, "7000")));
        Assert.Equal(
            [("cleanup.policy", "delete,compact"), ("max.message.bytes", "7000"), ("segment.ms", "2000")], await OwnSettingsAsync("changed"));
        Assert.Equal(ErrorCode.None, await ChangeAsync(Topic, "changed", ("cleanup.policy", Append, "compact,compact")));
        Assert.Equal(ErrorCode.None, await ChangeAsync(Topic, "changed", ("cleanup.policy", Subtract, "delete,absent")));
        Assert.Equal("compact", (await DescribeAsync(Topic, "changed", "cleanup.policy"))[0].Value);
    }

    [Fact]
    public async Task Incremental_Refused_ChangesNothing()
    {
        await broker.Rig.CreateAsync("unchanged");
        Assert.Equal(ErrorCode.InvalidConfig, await ChangeAsync(Topic, "unchanged", ("retention.ms", Set, "1000"), ("segment.ms", Set, "never")));
        Assert.Equal(ErrorCode.InvalidConfig, await ChangeAsync(Topic, "unchanged", ("retention.ms", Append, "1")));
        Assert.Equal(ErrorCode.InvalidConfig, await ChangeAsync(Topic, "unchanged", ("no.such.setting", Set, "1")));
        Assert.Equal(ErrorCode.InvalidConfig, await ChangeAsync(Topic, "unchanged", ("no.such.setting", Append, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(Topic, "unchanged", ("retention.ms", Set, null)));
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(Topic, "unchanged", ("retention.ms", (sbyte)9, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(Topic, "unchanged", ("retention.ms", Set, "1"), ("retention.ms", Set, "2")));
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(Topic, "", ("retention.ms", Set, "1")));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await ChangeAsync(Topic, "not-there", ("retention.ms", Set, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(8, "0", ("a.logger", Set, "DEBUG")));
        Assert.Empty(await OwnSettingsAsync("unchanged"));
    }

    [Fact]
    public async Task Incremental_ListThatGrowsWithoutEnd_StaysDescribable()
    {
        await broker.Rig.CreateAsync("long");
        string Entries(int from) => string.Join(',', Enumerable.Range(from, 2500).Select(i => $"{i}:{i}"));
        Assert.Equal(ErrorCode.None, await ChangeAsync(Topic, "long", ("leader.replication.throttled.replicas", Append, Entries(10_000))));
        Assert.Equal(ErrorCode.InvalidConfig, await ChangeAsync(Topic, "long", ("leader.replication.throttled.replicas", Append, Entries(20_000))));
        Assert.Equal(Entries(10_000), (await DescribeAsync(Topic, "long", "leader.replication.throttled.replicas"))[0].Value);
    }

    [Fact]
    public async Task Messages_AboutLongInput_AreCutAndTheConnectionLives()
    {
        await broker.Rig.CreateAsync("spoken-of");
        string longest = new('x', short.MaxValue);
        IncrementalAlterConfigsResponse changed = await broker.Rig.CallAsync<IncrementalAlterConfigsResponse>(
            Request(Topic, "spoken-of", validateOnly: false, ("retention.ms", Set, longest)), 1);
        Assert.Equal(ErrorCode.InvalidConfig, changed.Responses[0].ErrorCode);
        Assert.InRange(changed.Responses[0].ErrorMessage!.Length, 1, 1100);
        Assert.Equal(ErrorCode.InvalidConfig, await ChangeAsync(Topic, "spoken-of", (longest, Set, "1")));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await ChangeAsync(Topic, longest, ("retention.ms", Set, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(Broker, longest, ("log.retention.ms", Set, "1")));
        Assert.Equal(ErrorCode.InvalidConfig, (await broker.Rig.CreateAsync("speaks", 1, (longest, null))).ErrorCode);
        Assert.Equal(ErrorCode.InvalidTopicException, (await broker.Rig.CreateAsync(longest)).ErrorCode);
        DescribeConfigsResponse described = await broker.Rig.CallAsync<DescribeConfigsResponse>(
            new DescribeConfigsRequest { Resources = [new() { ResourceType = Broker, ResourceName = longest, ConfigurationKeys = null }] }, 4);
        Assert.Equal(ErrorCode.InvalidRequest, described.Results[0].ErrorCode);
    }

    [Fact]
    public async Task Incremental_ValidateOnly_ChangesNothing()
    {
        await broker.Rig.CreateAsync("checked");
        IncrementalAlterConfigsResponse answer = await broker.Rig.CallAsync<IncrementalAlterConfigsResponse>(
            Request(Topic, "checked", validateOnly: true, ("retention.ms", Set, "1000")), 1);
        Assert.Equal(ErrorCode.None, answer.Responses[0].ErrorCode);
        Assert.Empty(await OwnSettingsAsync("checked"));
    }

    [Fact]
    public async Task Incremental_ResourceNamedTwice_IsInvalidBothTimesWhileOthersChange()
    {
        await broker.Rig.CreateAsync("same");
        await broker.Rig.CreateAsync("other");
        IncrementalAlterConfigsRequest request = Request(Topic, "same", validateOnly: false, ("retention.ms", Set, "1000"));
        IncrementalAlterConfigsRequest other = Request(Topic, "other", validateOnly: false, ("retention.ms", Set, "1000"));
        request.Resources = [request.Resources[0], other.Resources[0], request.Resources[0]];
        IncrementalAlterConfigsResponse answer = await broker.Rig.CallAsync<IncrementalAlterConfigsResponse>(request, 1);
        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.None, ErrorCode.InvalidRequest], answer.Responses.Select(response => response.ErrorCode));
        Assert.Equal(["same", "other", "same"], answer.Responses.Select(response => response.ResourceName));
    }

    [Fact]
    public async Task Alter_Topic_ReplacesEverything()
    {
        await broker.Rig.CreateAsync("replaced", 1, ("retention.ms", "1000"), ("segment.ms", "2000"));
        Assert.Equal(ErrorCode.None, await ReplaceAsync(Topic, "replaced", ("segment.ms", "3000")));
        Assert.Equal([("segment.ms", "3000")], await OwnSettingsAsync("replaced"));
        Assert.Equal(ErrorCode.InvalidRequest, await ReplaceAsync(Topic, "replaced", ("segment.ms", null)));
        Assert.Equal(ErrorCode.InvalidConfig, await ReplaceAsync(Topic, "replaced", ("segment.ms", "x")));
        Assert.Equal(ErrorCode.None, await ReplaceAsync(Topic, "replaced"));
        Assert.Empty(await OwnSettingsAsync("replaced"));
    }

    [Fact]
    public async Task Alter_TopicInUse_TakesEffectAtOnce()
    {
        await broker.Rig.CreateAsync("smaller");
        await ChangeAsync(Topic, "smaller", ("max.message.bytes", Set, "10"));
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => broker.Rig.ProduceAsync("smaller", 1));
        await ChangeAsync(Topic, "smaller", ("max.message.bytes", Delete, null));
        Assert.Equal(0, await broker.Rig.ProduceAsync("smaller", 1));
    }

    [Fact]
    public async Task Incremental_Broker_OwnComesBeforeClusterWide()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        Assert.Equal(ErrorCode.None, await ChangeAsync(rig, Broker, "", ("log.retention.ms", Set, "5000")));
        Assert.Equal(ErrorCode.None, await ChangeAsync(rig, Broker, "0", ("log.retention.ms", Set, "6000")));
        DescribeConfigsResponse.DescribeConfigsResourceResult own = (await DescribeAsync(rig, Broker, "0", "log.retention.ms"))[0];
        Assert.Equal(("6000", (sbyte)2), (own.Value, own.ConfigSource));
        DescribeConfigsResponse.DescribeConfigsResourceResult common = Assert.Single(await DescribeAsync(rig, Broker, ""));
        Assert.Equal(("log.retention.ms", "5000", (sbyte)3), (common.Name, common.Value, common.ConfigSource));
        await rig.CreateAsync("follows");
        Assert.Equal("6000", (await DescribeAsync(rig, Topic, "follows", "retention.ms"))[0].Value);
    }

    [Theory]
    [InlineData("0", "log.dirs", "/elsewhere")]
    [InlineData("0", "no.such.setting", "1")]
    [InlineData("0", "log.retention.ms", "soon")]
    [InlineData("1", "log.retention.ms", "1000")]
    [InlineData("zero", "log.retention.ms", "1000")]
    [InlineData("<default>", "log.retention.ms", "1000")]
    public async Task Incremental_BrokerSettingThatCannotChange_IsInvalidRequest(string name, string setting, string value) =>
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(Broker, name, (setting, Set, value)));

    private Task<ErrorCode> ChangeAsync(sbyte type, string name, params (string Name, sbyte Operation, string? Value)[] changes) =>
        ChangeAsync(broker.Rig, type, name, changes);

    private static async Task<ErrorCode> ChangeAsync(
        BrokerRig rig, sbyte type, string name, params (string Name, sbyte Operation, string? Value)[] changes) =>
        (await rig.CallAsync<IncrementalAlterConfigsResponse>(Request(type, name, validateOnly: false, changes), 1)).Responses[0].ErrorCode;

    private static IncrementalAlterConfigsRequest Request(
        sbyte type, string name, bool validateOnly, params (string Name, sbyte Operation, string? Value)[] changes) => new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = type,
                    ResourceName = name,
                    Configs = [.. changes.Select(change => new IncrementalAlterConfigsRequest.AlterableConfig
                    {
                        Name = change.Name,
                        ConfigOperation = change.Operation,
                        Value = change.Value,
                    })],
                },
            ],
            ValidateOnly = validateOnly,
        };

    private async Task<ErrorCode> ReplaceAsync(sbyte type, string name, params (string Name, string? Value)[] settings) => (await broker.Rig.CallAsync<AlterConfigsResponse>(
        new AlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = type,
                    ResourceName = name,
                    Configs = [.. settings.Select(setting => new AlterConfigsRequest.AlterableConfig { Name = setting.Name, Value = setting.Value })],
                },
            ],
        },
        2)).Responses[0].ErrorCode;

    private Task<DescribeConfigsResponse.DescribeConfigsResourceResult[]> DescribeAsync(sbyte type, string name, params string[] keys) =>
        DescribeAsync(broker.Rig, type, name, keys);

    private static async Task<DescribeConfigsResponse.DescribeConfigsResourceResult[]> DescribeAsync(
        BrokerRig rig, sbyte type, string name, params string[] keys) => (await rig.CallAsync<DescribeConfigsResponse>(
        new DescribeConfigsRequest
        {
            Resources = [new() { ResourceType = type, ResourceName = name, ConfigurationKeys = keys.Length == 0 ? null : keys }],
            IncludeSynonyms = true,
            IncludeDocumentation = true,
        },
        4)).Results[0].Configs;

    private async Task<(string Name, string? Value)[]> OwnSettingsAsync(string topic) =>
        [.. (await DescribeAsync(Topic, topic)).Where(config => config.ConfigSource == 1).Select(config => (config.Name, config.Value)).Order()];
}
