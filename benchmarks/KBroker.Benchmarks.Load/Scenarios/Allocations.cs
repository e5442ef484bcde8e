using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;
using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// The managed memory that a whole broker allocates for one request, over a socket. It runs in this process, whose client
/// allocates nothing, so that the runtime's own count is the broker's.
/// </summary>
internal sealed class Allocations(Options options)
{
    private const int RecordSize = 100;
    private const int ReadSize = 1024 * 1024;
    private const int WarmUp = 2000;
    private const int Count = 4000;
    private const string Topic = "a0";

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        int port = ServerProcess.FreePort();
        string data = options.At("allocations");
        BrokerConfig config = BrokerConfigLoader.Load(new BrokerConfigInput
        {
            Overrides = [$"listeners=PLAINTEXT://127.0.0.1:{port}", $"log.dirs={data}"],
        }).Config ?? throw new InvalidOperationException("the configuration is refused");
        await using BrokerHost host = await BrokerHost.StartAsync(config, new BrokerPlatform { Loggers = NullLoggerFactory.Instance });
        using var connection = new Connection(port);
        connection.Call(Requests.CreateTopic(Topic, 1));

        double one = Produce(connection, 1);
        double hundred = Produce(connection, 100);
        double tenThousand = Produce(connection, 10_000, requests: 200);
        byte[] fetch = Requests.Fetch(Topic, 0, 0, ReadSize);
        double read = Measure(200, Count / 10, () =>
        {
            connection.Send(fetch);
            connection.Discard(stackalloc byte[10]);
        });
        double perRecord = Math.Round(Math.Max(tenThousand - one, 0) / 9_999, 1);
        return
        [
            Bytes("allocated per Produce of 1 record", one),
            Bytes("allocated per Produce of 100 records", hundred),
            Bytes("allocated per Produce of 10,000 records", tenThousand),
            new Row("allocated per record", perRecord, null, "bytes", perRecord, 0),
            new Row("allocated per Fetch of 1 MB", read, null, "bytes", read, null),
        ];
    }

    private static Row Bytes(string name, double value) => new(name, value, null, "bytes", value, 1024);

    private static double Produce(Connection connection, int records, int requests = Count)
    {
        byte[] batch = BatchBuilder.Build(RecordBatchFormat.RecordsOffset + (records * RecordSize), RecordSize, out int built);
        if (built != records) throw new InvalidOperationException($"{built} records were built, not {records}");
        byte[] frame = Requests.Produce(Topic, 0, batch);
        return Measure(Math.Min(WarmUp, requests), requests, () => ProduceStream.Check(connection.Call(frame), Topic.Length));
    }

    private static double Measure(int warmUp, int count, Action request)
    {
        for (int i = 0; i < warmUp; i++) request();
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < count; i++) request();
        return (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / count;
    }
}
