using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// CPU per GB of the broker answering Fetch requests for 1 MB of cached log on four connections, beside a bare loop that
/// sends 1 MB from a cached file by <c>sendfile</c>.
/// </summary>
internal sealed class Fetch(Options options)
{
    private const int Connections = 4;
    private const int ReadSize = 1024 * 1024;
    private const int BatchSize = 64 * 1024;
    private const int Windows = 64;
    private const string Topic = "f0";
    private readonly int _readsPerTurn = options.Quick ? 256 : 512;
    private readonly int _turns = options.Quick ? 7 : 16;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        byte[] batch = BatchBuilder.Build(BatchSize, 1024, out int records);
        string files = Directory.CreateDirectory(options.At("sendfile")).FullName;
        for (int i = 0; i < Connections; i++) WriteFile(Path.Combine(files, $"{i}.data"), batch);
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        await broker.CreateTopicAsync(Topic, Connections);
        const int Batches = Windows * (ReadSize / BatchSize);
        await Clients.RunAsync(
            Connections,
            i => ProduceStream.Run(broker.Port, Requests.Produce(Topic, i, batch), Topic.Length, Batches, 5),
            () => 0);
        using ServerProcess bare = await BareServer.StartAsync(options, "sendfile", files);

        int recordsPerRead = records * (ReadSize / BatchSize);
        byte[][][] frames =
        [
            .. Enumerable.Range(0, Connections).Select(partition => Enumerable.Range(0, Windows)
                .Select(window => Requests.Fetch(Topic, partition, (long)window * recordsPerRead, ReadSize)).ToArray()),
        ];
        Func<Task<double>>[] subjects = [() => ReadAsync(broker.Process, frames), () => ReadAsync(bare, frames)];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        InTurns result = await InTurns.RunAsync(_turns, subjects);
        Directory.Delete(files, recursive: true);
        return
        [
            new Row("fetch of cached data, 1 MB reads, beside sendfile", result.Of(0), result.Of(1), "CPU s/GB", result.Ratio(0, 1), 1.3),
        ];
    }

    private static void WriteFile(string path, byte[] batch)
    {
        using var file = new FileStream(path, FileMode.CreateNew);
        for (int i = 0; i < Windows * (ReadSize / BatchSize); i++) file.Write(batch);
    }

    private Task<double> ReadAsync(ServerProcess server, byte[][][] frames) =>
        Turns.FetchAsync(server, frames, _readsPerTurn / Connections, ReadSize);
}
