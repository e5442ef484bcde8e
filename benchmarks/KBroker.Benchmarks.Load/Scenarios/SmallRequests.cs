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
    private readonly int _rounds = options.Quick ? 1500 : 4000;
    private readonly int _turns = options.Quick ? 3 : 9;

    /// <summary>A batch of one record with a value of 64 bytes.</summary>
    public static byte[] Batch() => BatchBuilder.Build(RecordBatchFormat.RecordsOffset + RecordSize, RecordSize, out _);

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        await broker.CreateTopicAsync(Topic, 1);
        using ServerProcess echo = await BareServer.StartAsync(options, "echo");
        byte[] frame = Requests.Produce(Topic, 0, Batch());
        using var toBroker = new RoundTrips(broker.Port, Connections, frame, Topic.Length);
        using var toEcho = new RoundTrips(echo.Port, Connections, frame, Topic.Length);
        List<double> brokerRates = [], echoRates = [];
        Func<Task<double>>[] subjects =
        [
            () => Turns.RoundTripsAsync(broker.Process, toBroker, _rounds, brokerRates),
            () => Turns.RoundTripsAsync(echo, toEcho, _rounds, echoRates),
        ];
        await InTurns.RunAsync(2, subjects);
        brokerRates.Clear();
        echoRates.Clear();
        InTurns cpu = await InTurns.RunAsync(_turns, subjects);
        double brokerRate = InTurns.Median(brokerRates), echoRate = InTurns.Median(echoRates);
        return
        [
            new Row("small produce, CPU: raw-socket echo / broker", cpu.Of(0), cpu.Of(1), "CPU us/request", cpu.Ratio(1, 0), 0.7, AtLeast: true),
            new Row("small produce, rate: broker / raw-socket echo", brokerRate, echoRate, "requests/s", brokerRate / echoRate, 0.7, AtLeast: true),
        ];
    }
}
