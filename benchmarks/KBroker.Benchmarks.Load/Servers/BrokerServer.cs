using System.Buffers.Binary;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Servers;

/// <summary>The broker under measurement, in its own process, with its default settings but for port and directory.</summary>
internal sealed class BrokerServer : IDisposable
{
    private const int DeleteDelayMs = 100;
    private readonly string _data;

    private BrokerServer(ServerProcess process, string data) => (Process, _data) = (process, data);

    public ServerProcess Process { get; }

    public int Port => Process.Port;

    /// <summary>Starts the program in a fresh directory; does not wait.</summary>
    public static BrokerServer Spawn(Options options)
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
        ]);
        return new BrokerServer(
            ServerProcess.Spawn(options.Broker, ["start", properties], port, options.At("broker.log")), data);
    }

    /// <summary>Starts the program and waits for its first answer.</summary>
    public static async Task<BrokerServer> StartAsync(Options options)
    {
        BrokerServer broker = Spawn(options);
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
        while (Directory.EnumerateDirectories(Path.Combine(_data, "logs"), $"{name}-*").Any()) await Task.Delay(10);
        await Task.Delay(DeleteDelayMs);
    }

    public void Dispose()
    {
        Process.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private static short LeaderError(Connection connection, string topic, int partition)
    {
        ReadOnlySpan<byte> reply = connection.Call(Requests.ListOffsets(topic, partition));
        return BinaryPrimitives.ReadInt16BigEndian(reply[(4 + 4 + 2 + topic.Length + 4 + 4)..]);
    }
}
