using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Tests.Commands;

public sealed class ConfigsCommandTests : IDisposable
{
    private readonly FakeBroker _broker = new();
    private readonly List<string> _changes = [];

    public ConfigsCommandTests()
    {
        _ = new FakeTopic(_broker, "t", partitions: 1);
        _broker.On<DescribeConfigsRequest>(ApiKey.DescribeConfigs, (request, _) => new DescribeConfigsResponse
        {
            Results = [.. request.Resources.Select(resource => new DescribeConfigsResponse.DescribeConfigsResult
            {
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
                Configs =
                [
                    new() { Name = "retention.ms", Value = "5", ConfigSource = 1, Synonyms = [new() { Name = "retention.ms", Value = "5", Source = 1 }, new() { Name = "log.retention.ms", Value = "9", Source = 4 }] },
                    new() { Name = "cleanup.policy", Value = "delete", ConfigSource = 5 },
                    new() { Name = "secret", Value = null, ConfigSource = 2, IsSensitive = true },
                    .. resource.ResourceType == 32 ? [new() { Name = "consumer.session.timeout.ms", Value = "50000", ConfigSource = 8 }] : Array.Empty<DescribeConfigsResponse.DescribeConfigsResourceResult>(),
                ],
            })],
        });
        _broker.On<IncrementalAlterConfigsRequest>(ApiKey.IncrementalAlterConfigs, (request, _) =>
        {
            var resource = request.Resources.Single();
            _changes.AddRange(resource.Configs.Select(config => $"{resource.ResourceType}:{resource.ResourceName}:{config.ConfigOperation}:{config.Name}={config.Value}"));
            bool refused = resource.Configs.Any(config => config.Name == "bad");
            return new IncrementalAlterConfigsResponse
            {
                Responses = [new() { ErrorCode = refused ? ErrorCode.InvalidConfig : 0, ErrorMessage = refused ? "No such thing." : null }],
            };
        });
    }

    public void Dispose() => _broker.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Fact]
    public async Task Describe_Topic_InKafkasFormat()
    {
        Assert.Equal(
            "Dynamic configs for topic t are:\n"
            + "  retention.ms=5 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=5, STATIC_BROKER_CONFIG:log.retention.ms=9}\n",
            (await RunAsync("--describe --entity-type topics --entity-name t")).Out);
        Assert.Equal(
            "All configs for topic t are:\n"
            + "  cleanup.policy=delete sensitive=false synonyms={}\n"
            + "  retention.ms=5 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=5, STATIC_BROKER_CONFIG:log.retention.ms=9}\n"
            + "  secret=null sensitive=true synonyms={}\n",
            (await RunAsync("--describe --all --topic t")).Out);
    }

    [Fact]
    public async Task Describe_Brokers_EachAndTheDefault() => Assert.Equal(
        "Dynamic configs for broker 7 are:\n  secret=null sensitive=true synonyms={}\nDefault configs for brokers in the cluster are:\n",
        (await RunAsync("--describe --entity-type brokers")).Out);

    [Fact]
    public async Task Groups_AreDescribedByNameOrAsListedAndChanged()
    {
        const string one = "Dynamic configs for group g are:\n  consumer.session.timeout.ms=50000 sensitive=false synonyms={}\n";
        Assert.Equal(one, (await RunAsync("--describe --group g")).Out);
        Assert.Contains("is too old to list", (await RunAsync("--describe --entity-type groups")).Error, StringComparison.Ordinal);
        _broker.On<ListConfigResourcesRequest>(ApiKey.ListConfigResources, (request, _) =>
        {
            Assert.Equal([(sbyte)32], request.ResourceTypes);
            return new ListConfigResourcesResponse { ConfigResources = [new() { ResourceName = "g", ResourceType = 32 }] };
        });
        Assert.Equal(one, (await RunAsync("--describe --entity-type groups")).Out);
        Assert.Equal("Completed updating config for group g.\n", (await RunAsync("--alter --entity-type groups --entity-name g --add-config a=1")).Out);
        Assert.Equal(["32:g:0:a=1"], _changes);
    }

    [Fact]
    public async Task Alter_SetsAndDeletes()
    {
        CommandOutcome outcome = await RunAsync("--alter --entity-type topics --entity-name t --add-config a=1,b=[x,y] --delete-config c,d");
        Assert.Equal((0, "Completed updating config for topic t.\n", ""), (outcome.ExitCode, outcome.Out, outcome.Error));
        Assert.Equal(["2:t:0:a=1", "2:t:0:b=x,y", "2:t:1:c=", "2:t:1:d="], _changes);
        Assert.Equal("Completed updating config for broker 7.\n", (await RunAsync("--alter --broker 7 --add-config a=1")).Out);
        Assert.Equal(
            "Completed updating default config for brokers in the cluster.\n",
            (await RunAsync("--alter --entity-type brokers --entity-default --add-config a=1")).Out);
    }

    [Fact]
    public async Task Alter_Refused_InTheBrokersWords()
    {
        CommandOutcome outcome = await RunAsync("--alter --topic t --add-config bad=1");
        Assert.Equal((1, "kbroker: The configuration is not changed: No such thing.\n"), (outcome.ExitCode, outcome.Error));
    }

    [Theory]
    [InlineData("--describe", "--entity-type is required")]
    [InlineData("--describe --entity-type users", "users")]
    [InlineData("--describe --alter --topic t", "Exactly one action")]
    [InlineData("--alter --topic t", "--alter needs")]
    [InlineData("--alter --entity-type topics --add-config a=1", "--entity-name")]
    [InlineData("--alter --topic t --add-config a", "expected name=value")]
    [InlineData("--describe --group g --topic t", "Name one entity")]
    [InlineData("--describe --broker x", "'x' is not a broker id")]
    [InlineData("--describe --topic t --add-config a=1", "only with --alter")]
    public async Task Run_LineNotUnderstood_UsageAndCodeTwo(string line, string mention)
    {
        CommandOutcome outcome = await RunAsync(line);
        Assert.Equal(ExitCodes.Usage, outcome.ExitCode);
        Assert.Contains(mention, outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_broker.Seen);
    }

    private Task<CommandOutcome> RunAsync(string line) => CommandRun.RunAsync(_broker, "", $"configs {line}");
}
