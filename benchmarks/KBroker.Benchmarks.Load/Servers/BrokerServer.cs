using System.Buffers.Binary;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Servers;

/// <summary>The broker under measurement, in its own process, with its default settings but for port and directory.</summary>
internal sealed class BrokerServer : IDisposable
{
    private const int DeleteDelayMs = 100;
    private readonly Options _options;
    private readonly string _data;

    private BrokerServer(Options options, ServerProcess process, string data) => (_options, Process, _data) = (options, process, data);

    public ServerProcess Process { get; private set; }

    public int Port => Process.Port;

    /// <summary>Where the broker's logs are.</summary>
    public string Logs => Path.Combine(_data, "logs");

    /// <summary>Starts the program in a fresh directory; does not wait.</summary>
    public static BrokerServer Spawn(Options options, params string[] settings)
    {
        string data = options.At($"broker-{Guid.NewGuid():n}");
        Directory.CreateDirectory(data);
        int port = ServerProcess.FreePort();
        string properties = Path.Combine(data, "server.properties");
        File.WriteAllLines(properties,
        [
            "broker.id=0",
            $"listeners=PLAINTEXT://127.0.0.1:{port}",
            $"log.dirs={Path.Combine(data, "logs")}",
            $"log.segment.delete.delay.ms={DeleteDelayMs}",
            .. settings,
        ]);
        return new BrokerServer(options, SpawnIn(options, data, port), data);
    }

    /// <summary>Starts the program and waits for its first answer.</summary>
    public static async Task<BrokerServer> StartAsync(Options options, params string[] settings)
    {
        BrokerServer broker = Spawn(options, settings);
        using Connection connection = await broker.Process.ConnectAsync();
        connection.Call(Requests.ApiVersions());
        return broker;
    }

    /// <summary>Creates a topic and waits until each partition can be read from.</summary>
    public async Task CreateTopicAsync(string name, int partitions, params (string Key, string Value)[] configs)
    {
        using var connection = new Connection(Port);
        short error = BinaryPrimitives.ReadInt16BigEndian(
            connection.Call(Requests.CreateTopic(name, partitions, configs))[(4 + 4 + 4 + 2 + name.Length)..]);
        if (error != 0) throw new InvalidOperationException($"CreateTopics was answered with error {error}");
        for (int partition = 0; partition < partitions; partition++)
        {
            while (LeaderError(connection, name, partition) != 0) await Task.Delay(5);
        }
    }

    /// <summary>Deletes a topic and waits until its files are gone, so that this costs nobody's turn.</summary>
    public async Task DeleteTopicAsync(string name)
    {
        using (var connection = new Connection(Port)) connection.Call(Requests.DeleteTopic(name));
        while (Directory.EnumerateDirectories(Logs, $"{name}-*").Any()) await Task.Delay(10);
        await Task.Delay(DeleteDelayMs);
    }

    /// <summary>Makes <c>__consumer_offsets</c>, as the first client that looks for its coordinator does, and waits until it answers.</summary>
    public Task CreateOffsetsTopicAsync() => FindCoordinatorAsync(0);

    /// <summary>As <see cref="CreateOffsetsTopicAsync"/>, for <c>__transaction_state</c>.</summary>
    public Task CreateTransactionTopicAsync() => FindCoordinatorAsync(1);

    /// <summary>Stops the program in an orderly way; its files stay.</summary>
    public void Stop() => Process.Dispose();

    /// <summary>Starts the program again in the same directory; does not wait.</summary>
    public void SpawnAgain() => Process = SpawnIn(_options, _data, Port);

    public void Dispose()
    {
        Process.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private static ServerProcess SpawnIn(Options options, string data, int port) =>
        ServerProcess.Spawn(options.Broker, ["start", Path.Combine(data, "server.properties")], port, options.At("broker.log"));

    private async Task FindCoordinatorAsync(sbyte type)
    {
        using var connection = new Connection(Port);
        while (GroupRequests.ReadError(connection.Call(GroupRequests.FindCoordinator("g", type))) != 0) await Task.Delay(5);
    }

    private static short LeaderError(Connection connection, string topic, int partition)
    {
        ReadOnlySpan<byte> reply = connection.Call(Requests.ListOffsets(topic, partition));
        return BinaryPrimitives.ReadInt16BigEndian(reply[(4 + 4 + 2 + topic.Length + 4 + 4)..]);
    }
}
