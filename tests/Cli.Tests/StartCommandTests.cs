using KBroker.Broker.Configuration;
using KBroker.Cli.Commands;

namespace KBroker.Cli.Tests;

public sealed class StartCommandTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"kbroker-{Guid.NewGuid():N}.properties");
    private BrokerConfig? _started;

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Start_NothingGiven_RunsASingleNode()
    {
        Assert.Equal(new(0, "", ""), await StartAsync([]));
        Assert.Equal("PLAINTEXT://localhost:9092", _started!.Listeners.Bound[0].ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_FileEnvironmentAndOverrides_TheLaterWins(bool asOption)
    {
        await File.WriteAllTextAsync(_file, "node.id=1\nnum.partitions=2\nbroker.rack=r\n");
        string[] file = asOption ? ["--config", _file] : [_file];
        await StartAsync([.. file, "--override", "node.id=3", "--override=log.segment.bytes=1000"], ("KAFKA_NODE_ID", "2"), ("KAFKA_NUM_PARTITIONS", "5"));
        Assert.Equal((3, 5, "r"), (_started!.NodeId, _started.Topics.NumPartitions, _started.Rack));
        Assert.Equal(1000, _started.TopicDefaults.Resolve(new Dictionary<string, string>()).SegmentBytes);
    }

    [Fact]
    public async Task Start_BadConfiguration_NamesFileAndLineWithCodeOne()
    {
        await File.WriteAllTextAsync(_file, "\nnum.partitions=many\nnum.io.threads=8\n");
        CliOutcome outcome = await StartAsync([_file]);
        Assert.Equal(ExitCodes.Failure, outcome.ExitCode);
        Assert.Null(_started);
        Assert.Contains($"kbroker: {_file}:2: Invalid value many for configuration num.partitions", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($"kbroker: warning: {_file}:3: num.io.threads is known to Kafka", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_MissingFile_SaysSoWithCodeOne()
    {
        CliOutcome outcome = await StartAsync(["/nowhere/server.properties"]);
        Assert.Equal(new(ExitCodes.Failure, "", $"kbroker: /nowhere/server.properties: does not exist{Environment.NewLine}"), outcome);
    }

    [Theory]
    [InlineData("--override")]
    [InlineData("--config")]
    [InlineData("a.properties b.properties")]
    [InlineData("a.properties --config b.properties")]
    [InlineData("--config a --config b")]
    [InlineData("--port 9092")]
    public async Task Start_LineNotUnderstood_CodeTwo(string line)
    {
        CliOutcome outcome = await StartAsync(line.Split(' '));
        Assert.Equal(ExitCodes.Usage, outcome.ExitCode);
        Assert.Null(_started);
        Assert.Contains("kbroker start", outcome.Error, StringComparison.Ordinal);
    }

    private Task<CliOutcome> StartAsync(string[] args, params (string Name, string Value)[] environment)
    {
        var start = new StartCommand((config, _, _) =>
        {
            _started = config;
            return Task.FromResult(ExitCodes.Success);
        });
        return CliRun.RunAsync([start], environment.ToDictionary(pair => pair.Name, pair => pair.Value), ["start", .. args]);
    }
}
