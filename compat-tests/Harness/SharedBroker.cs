using System.Globalization;
using KBroker.Compat.Tests.Clients;

namespace KBroker.Compat.Tests.Harness;

/// <summary>One broker for all tests that do not restart it, with the topics that several clients read.</summary>
public sealed class SharedBroker : IAsyncLifetime
{
    public const string Collection = "one broker";

    /// <summary>Room for single records and batches of 10 MB.</summary>
    public const int LargestRequest = 11_000_000;

    private const long SampleTime = 1_700_000_000_000;
    private readonly Dictionary<string, Task> _prepared = [];
    private int _topics;

    internal BrokerProcess Broker { get; private set; } = null!;

    /// <summary>What the topic of <see cref="SampleTopicAsync"/> holds: each way in which a record can lack something.</summary>
    internal static IReadOnlyList<ClientRecord> Sample { get; } =
    [
        new(0, 0, SampleTime, "key"u8.ToArray(), "value"u8.ToArray()),
        new(0, 1, SampleTime + 1000, null, "no key"u8.ToArray()),
        new(0, 2, SampleTime + 2000, [], "empty key"u8.ToArray()),
        new(0, 3, SampleTime + 3000, "tombstone"u8.ToArray(), null),
        new(0, 4, SampleTime + 4000, "empty value"u8.ToArray(), []),
        new(0, 5, SampleTime + 5000, null, null),
        new(0, 6, SampleTime + 6000, "headers"u8.ToArray(), "three"u8.ToArray())
        {
            Headers = [("trace", "abc"u8.ToArray()), ("trace", "def"u8.ToArray()), ("none", null)],
        },
        new(0, 7, SampleTime + 7000, [0, 255, 10, 13], [0xC3, 0x28, 0]) { Headers = [("one", [])] },
        new(0, 8, SampleTime + 8000, "last"u8.ToArray(), "value"u8.ToArray()),
    ];

    async Task IAsyncLifetime.InitializeAsync() => Broker = await BrokerProcess.StartAsync(
        $"message.max.bytes={LargestRequest}", "num.partitions=1", "group.initial.rebalance.delay.ms=0", "auto.create.topics.enable=true", "log.retention.ms=-1");

    async Task IAsyncLifetime.DisposeAsync()
    {
        try
        {
            await Broker.StopAsync();
        }
        finally
        {
            await Broker.DisposeAsync();
        }
    }

    /// <summary>A topic of one partition that nobody else uses.</summary>
    internal async Task<string> NewTopicAsync(string prefix, int partitions = 1)
    {
        string topic = $"{prefix}-{++_topics}";
        await CreateAsync(topic, partitions);
        return topic;
    }

    internal async Task<string> SampleTopicAsync()
    {
        const string topic = "sample";
        await PrepareAsync(topic, async () =>
        {
            await CreateAsync(topic, 1);
            await new Dotnet().ProduceAsync(Broker, topic, Sample);
        });
        return topic;
    }

    /// <summary>The quick start with real input: the package index through kcat, its name as key, into three partitions.</summary>
    internal async Task<string> PackageTopicAsync()
    {
        const string topic = "packages";
        await PrepareAsync(topic, async () =>
        {
            await CreateAsync(topic, 3);
            await new Kcat().ProduceAsync(Broker, topic, await PackageIndex.AtLeastAsync(100_000));
        });
        return topic;
    }

    private async Task CreateAsync(string topic, int partitions)
    {
        ClientResult result = await KBrokerCommand.RunAsync(
            Broker, ["topics", "--create", "--topic", topic, "--partitions", partitions.ToString(CultureInfo.InvariantCulture)]);
        Assert.True(result.ExitCode == 0, $"{result.CommandLine}: {result.Error}\nThe broker said:\n{Broker.Output}");
    }

    private Task PrepareAsync(string topic, Func<Task> prepare)
    {
        if (!_prepared.TryGetValue(topic, out Task? prepared)) _prepared[topic] = prepared = prepare();
        return prepared;
    }
}
