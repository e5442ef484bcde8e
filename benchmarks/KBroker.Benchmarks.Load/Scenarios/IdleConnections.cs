using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>What the broker's resident memory grows by for each of 2,000 connections that made one request and went quiet.</summary>
internal sealed class IdleConnections(Options options)
{
    private const int Count = 2000;
    private const int WarmUp = 100;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        foreach (Connection connection in Open(broker.Port, WarmUp)) connection.Dispose();
        await Task.Delay(Rest);
        long before = broker.Process.ResidentBytes;
        Connection[] connections = Open(broker.Port, Count);
        await Task.Delay(Rest);
        double each = (broker.Process.ResidentBytes - before) / 1e3 / Count;
        foreach (Connection connection in connections) connection.Dispose();
        return [new Row("an idle connection, of 2,000", each, null, "KB", each, 30)];
    }

    private static Connection[] Open(int port, int count)
    {
        byte[] request = Requests.ApiVersions();
        var connections = new Connection[count];
        for (int i = 0; i < count; i++)
        {
            connections[i] = new Connection(port);
            connections[i].Call(request);
        }

        return connections;
    }
}
