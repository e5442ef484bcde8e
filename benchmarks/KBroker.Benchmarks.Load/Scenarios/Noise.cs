using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// Each bare server beside a second one of its kind: how far from 1 a ratio can lie on this machine for no reason. Needs no
/// broker.
/// </summary>
internal sealed class Noise(Options options)
{
    private const int Connections = 4;
    private const int ReadSize = 1024 * 1024;
    private readonly int _turns = options.Quick ? 4 : 12;

    public async Task<IReadOnlyList<Row>> RunAsync() =>
    [
        await IngestAsync("ingest", 1024 * 1024, 3),
        await IngestAsync("ingest-preallocated", 1024 * 1024, 3),
        await IngestAsync("ingest", 16 * 1024, 5),
        await IngestAsync("ingest-preallocated", 16 * 1024, 5),
        await SendfileAsync(),
        await EchoAsync("echo"),
        await EchoAsync("transport-echo"),
    ];

    private async Task<Row> IngestAsync(string kind, int batchSize, int inFlight)
    {
        byte[] batch = BatchBuilder.Build(batchSize, 1024, out _);
        return await CompareAsync($"noise: {kind} of {batchSize / 1024} KB batches", kind, "CPU s/GB", FeedAsync);

        async Task<double> FeedAsync(ServerProcess server, string files)
        {
            double cost = await Turns.ProduceAsync(server, "n0", Connections, batch, 256 * 1024 * 1024, inFlight);
            await Task.Delay(50);
            foreach (string file in Directory.GetFiles(files)) File.Delete(file);
            return cost;
        }
    }

    private async Task<Row> SendfileAsync()
    {
        byte[][] frames = [Requests.Fetch("n0", 0, 0, ReadSize)];
        return await CompareAsync(
            "noise: sendfile of 1 MB", "sendfile", "CPU s/GB",
            (server, _) => Turns.FetchAsync(server, [frames, frames, frames, frames], 256, ReadSize),
            directory => File.WriteAllBytes(Path.Combine(directory, "0.data"), new byte[64 * ReadSize]));
    }

    private async Task<Row> EchoAsync(string kind)
    {
        byte[] frame = Requests.Produce("n0", 0, SmallRequests.Batch());
        return await CompareAsync($"noise: {kind}", kind, "CPU us/request", async (server, _) =>
        {
            using var load = new RoundTrips(server.Port, 64, frame, 2);
            return await Turns.RoundTripsAsync(server, load, 1000, []);
        });
    }

    private async Task<Row> CompareAsync(
        string name, string kind, string unit, Func<ServerProcess, string, Task<double>> turn, Action<string>? prepare = null)
    {
        string[] files = [options.At($"noise-{Guid.NewGuid():n}"), options.At($"noise-{Guid.NewGuid():n}")];
        foreach (string directory in files)
        {
            Directory.CreateDirectory(directory);
            prepare?.Invoke(directory);
        }

        using ServerProcess first = await BareServer.StartAsync(options, kind, files[0]);
        using ServerProcess second = await BareServer.StartAsync(options, kind, files[1]);
        Func<Task<double>>[] subjects = [() => turn(first, files[0]), () => turn(second, files[1])];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        InTurns result = await InTurns.RunAsync(_turns, subjects);
        foreach (string directory in files) Directory.Delete(directory, recursive: true);
        return new Row(name, result.Of(0), result.Of(1), unit, result.Ratio(0, 1), null);
    }
}
