using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;
using KBroker.Protocol.Records;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// Round trips on 64 connections, each with one Produce request (acks=1, one record of 64 bytes) in flight, beside echo
/// servers that answer the same frames with 60 bytes and do nothing else.
/// </summary>
internal sealed class SmallRequests(Options options)
{
    private const int Connections = 64;
    private const int RecordSize = 64 + 9;
    private const string Topic = "s0";
    private readonly int _rounds = options.Quick ? 1000 : 2000;
    private readonly int _turns = options.Quick ? 5 : 12;

    /// <summary>A batch of one record with a value of 64 bytes.</summary>
    public static byte[] Batch() => BatchBuilder.Build(RecordBatchFormat.RecordsOffset + RecordSize, RecordSize, out _);

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        await broker.CreateTopicAsync(Topic, 1);
        using ServerProcess transport = await BareServer.StartAsync(options, "transport-echo");
        using ServerProcess sockets = await BareServer.StartAsync(options, "echo");
        byte[] frame = Requests.Produce(Topic, 0, Batch());
        ServerProcess[] servers = [broker.Process, transport, sockets];
        RoundTrips[] loads = [.. servers.Select(server => new RoundTrips(server.Port, Connections, frame, Topic.Length))];
        List<double>[] rates = [.. servers.Select(_ => new List<double>())];
        Func<Task<double>>[] subjects =
        [
            .. servers.Select((server, i) => (Func<Task<double>>)(() => Turns.RoundTripsAsync(server, loads[i], _rounds, rates[i]))),
        ];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        foreach (List<double> warmUp in rates) warmUp.Clear();
        InTurns cpu = await InTurns.RunAsync(_turns, subjects);
        foreach (RoundTrips load in loads) load.Dispose();
        double[] rate = [.. rates.Select(InTurns.Median)];
        return
        [
            new Row("small produce, CPU, echo on the same transport", cpu.Of(0), cpu.Of(1), "us/request", cpu.Ratio(1, 0), 0.7, AtLeast: true),
            new Row("small produce, rate, echo on the same transport", rate[0], rate[1], "requests/s", rate[0] / rate[1], 0.7, AtLeast: true),
            new Row("small produce, CPU, echo on raw sockets", cpu.Of(0), cpu.Of(2), "us/request", cpu.Ratio(2, 0), null, AtLeast: true),
            new Row("small produce, rate, echo on raw sockets", rate[0], rate[2], "requests/s", rate[0] / rate[2], null, AtLeast: true),
        ];
    }
}
