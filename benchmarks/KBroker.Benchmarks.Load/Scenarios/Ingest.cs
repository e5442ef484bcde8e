using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// CPU per GB of the broker fed with Produce requests at acks=1 on four connections, each to its own partition, beside bare
/// loops that receive the same frames, check the CRC and write the batch to a file: one that just writes, one that writes
/// into preallocated space.
/// </summary>
internal sealed class Ingest(Options options, string label, int batchSize, int recordSize, int inFlight, double? limit)
{
    private const int Connections = 4;
    private const string Bare = "ingest";
    private const string Preallocated = "ingest-preallocated";
    private readonly long _bytesPerTurn = (options.Quick ? 256L : 512L) * 1024 * 1024;
    private readonly int _turns = options.Quick ? 5 : 12;
    private readonly byte[] _batch = BatchBuilder.Build(batchSize, recordSize, out _);

    /// <summary>A server that has closed its file first does not pay for freeing the pages.</summary>
    private readonly TimeSpan _settle = TimeSpan.FromMilliseconds(50);
    private int _topics;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        string files = Directory.CreateDirectory(options.At("ingest")).FullName;
        string preallocatedFiles = Directory.CreateDirectory(options.At("ingest-preallocated")).FullName;
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        using ServerProcess bare = await BareServer.StartAsync(options, Bare, files);
        using ServerProcess preallocated = await BareServer.StartAsync(options, Preallocated, preallocatedFiles);
        Func<Task<double>>[] subjects =
        [
            () => FeedBrokerAsync(broker),
            () => FeedBareAsync(bare, files),
            () => FeedBareAsync(preallocated, preallocatedFiles),
        ];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        InTurns result = await InTurns.RunAsync(_turns, subjects);
        return
        [
            new Row($"{label}, beside a bare loop", result.Of(0), result.Of(1), "CPU s/GB", result.Ratio(0, 1), limit),
            new Row($"{label}, beside one that preallocates", result.Of(0), result.Of(2), "CPU s/GB", result.Ratio(0, 2), null),
        ];
    }

    private async Task<double> FeedBrokerAsync(BrokerServer broker)
    {
        // Two characters, so that the broker's answer has the bare loop's 60 bytes.
        string topic = $"{(char)('a' + (_topics / 10))}{_topics++ % 10}";
        await broker.CreateTopicAsync(topic, Connections);
        double cost = await FeedAsync(broker.Process, topic);
        await broker.DeleteTopicAsync(topic);
        return cost;
    }

    private async Task<double> FeedBareAsync(ServerProcess server, string files)
    {
        double cost = await FeedAsync(server, "b0");
        await Task.Delay(_settle);
        foreach (string file in Directory.GetFiles(files)) File.Delete(file);
        return cost;
    }

    private Task<double> FeedAsync(ServerProcess server, string topic) =>
        Turns.ProduceAsync(server, topic, Connections, _batch, _bytesPerTurn, inFlight);
}
