namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>Runs one blocking client per thread.</summary>
internal static class Clients
{
    /// <summary>Runs the clients to their end, then reads a figure; rethrows the first failure.</summary>
    public static async Task<double> RunAsync(int clients, Action<int> client, Func<double> read)
    {
        await Task.WhenAll(Enumerable.Range(0, clients).Select(
            i => Task.Factory.StartNew(() => client(i), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return read();
    }
}
