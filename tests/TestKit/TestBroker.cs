using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.TestKit;

/// <summary>A whole broker in the test's process, on a free port and in a directory of its own, which goes with it.</summary>
public sealed class TestBroker : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private readonly (string Name, string Value)[] _settings;
    private readonly BrokerPlatform _platform;

    private TestBroker(DirectoryInfo directory, (string Name, string Value)[] settings, BrokerPlatform platform)
    {
        _directory = directory;
        _settings = settings;
        _platform = platform;
        Host = null!;
    }

    public BrokerHost Host { get; private set; }

    public string LogDirectory => _directory.FullName;

    public static Task<TestBroker> StartAsync(params (string Name, string Value)[] settings) =>
        StartAsync(new BrokerPlatform { Loggers = NullLoggerFactory.Instance }, settings);

    public static Task<TestBroker> StartAsync(ILoggerFactory loggers, params (string Name, string Value)[] settings) =>
        StartAsync(new BrokerPlatform { Loggers = loggers }, settings);

    public static Task<TestBroker> StartAsync(BrokerPlatform platform, params (string Name, string Value)[] settings) =>
        StartOnAsync(_ => { }, platform, settings);

    /// <summary>Starts a broker on a directory that was filled before.</summary>
    public static async Task<TestBroker> StartOnAsync(Action<string> fill, BrokerPlatform platform, params (string Name, string Value)[] settings)
    {
        var broker = new TestBroker(Directory.CreateTempSubdirectory("kbroker-test-"), settings, platform);
        try
        {
            fill(broker.LogDirectory);
            await broker.RunAsync();
            return broker;
        }
        catch
        {
            broker._directory.Delete(recursive: true);
            throw;
        }
    }

    public Task<RawClient> ConnectAsync() => RawClient.ConnectAsync(Host.EndPoints.Values.First());

    /// <summary>Stops the broker in order and starts it again on the same directory.</summary>
    public async Task RestartAsync()
    {
        await Host.StopAsync();
        await RunAsync();
    }

    /// <summary>Lets the broker go as a crash of its process would, and starts it again on the same directory.</summary>
    public async Task CrashAsync()
    {
        await Host.DisposeAsync();
        await RunAsync();
    }

    /// <summary>Creates a topic and returns its id.</summary>
    public async Task<Guid> CreateTopicAsync(string name, int partitions = 1, params (string Name, string Value)[] configs)
    {
        await using RawClient client = await ConnectAsync();
        CreateTopicsResponse response = await client.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                Topics =
                [
                    new()
                    {
                        Name = name,
                        NumPartitions = partitions,
                        ReplicationFactor = 1,
                        Configs = [.. configs.Select(one => new CreateTopicsRequest.CreatableTopicConfig { Name = one.Name, Value = one.Value })],
                    },
                ],
                TimeoutMs = 10_000,
            },
            version: 7);
        CreateTopicsResponse.CreatableTopicResult result = response.Topics[0];
        return result.ErrorCode == ErrorCode.None
            ? result.TopicId : throw new InvalidOperationException($"{name}: {result.ErrorCode.Name()} {result.ErrorMessage}");
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private async Task RunAsync()
    {
        Host = await BrokerHost.StartAsync(
            BrokerConfig.FromSettings([("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", _directory.FullName), .. _settings]), _platform);
    }
}
