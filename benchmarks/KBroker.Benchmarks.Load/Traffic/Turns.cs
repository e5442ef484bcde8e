using System.Diagnostics;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>One turn of each kind of load against one server, measured in CPU time of that server's process.</summary>
internal static class Turns
{
    /// <summary>Produces on as many connections as there are partitions; returns CPU seconds per GB.</summary>
    public static async Task<double> ProduceAsync(
        ServerProcess server, string topic, int partitions, byte[] batch, long bytes, int inFlight)
    {
        byte[][] frames = [.. Enumerable.Range(0, partitions).Select(partition => Requests.Produce(topic, partition, batch))];
        int count = (int)(bytes / partitions / batch.Length);
        double before = server.CpuSeconds;
        double after = await Clients.RunAsync(
            partitions, i => ProduceStream.Run(server.Port, frames[i], topic.Length, count, inFlight), () => server.CpuSeconds);
        return (after - before) / ((double)count * partitions * batch.Length / 1e9);
    }

    /// <summary>Fetches with one connection per array of frames; returns CPU seconds per GB.</summary>
    public static async Task<double> FetchAsync(ServerProcess server, byte[][][] frames, int readsEach, int readSize)
    {
        long bytes = 0;
        double before = server.CpuSeconds;
        double after = await Clients.RunAsync(
            frames.Length,
            i => Interlocked.Add(ref bytes, FetchStream.Run(server.Port, frames[i], readsEach, readSize)),
            () => server.CpuSeconds);
        return (after - before) / (bytes / 1e9);
    }

    /// <summary>Makes round trips; returns CPU microseconds per request, and tells the rate.</summary>
    public static Task<double> RoundTripsAsync(ServerProcess server, RoundTrips load, int rounds, List<double> rates) =>
        RequestsAsync(server, () => load.Run(rounds), rounds * load.Connections, rates);

    /// <summary>Sends bursts; returns CPU microseconds per request, and tells the rate.</summary>
    public static Task<double> BurstsAsync(ServerProcess server, Bursts load, int rounds, List<double> rates) =>
        RequestsAsync(server, () => load.Run(rounds), rounds * load.RequestsPerRound, rates);

    private static async Task<double> RequestsAsync(ServerProcess server, Action run, int requests, List<double> rates)
    {
        double before = server.CpuSeconds;
        var elapsed = Stopwatch.StartNew();
        double after = await Clients.RunAsync(1, _ => run(), () => server.CpuSeconds);
        rates.Add(requests / elapsed.Elapsed.TotalSeconds);
        return (after - before) * 1e6 / requests;
    }
}
