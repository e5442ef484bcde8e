using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// Produce with acks=all of producers that have an id and count their batches, beside the same batches without: whole batches of 16 KB
/// and 1 MB on four connections, and one record on 64, each connection a producer of its own.
/// </summary>
internal sealed class IdempotentProduce(Options options)
{
    private const double Limit = 1.05;
    private const int BulkConnections = 4;
    private const int SmallConnections = 64;
    private const int SmallRounds = 400;

    // Many short turns: what is looked for is smaller than what one turn differs from the next.
    private readonly long _bytesPerTurn = (options.Quick ? 48L : 96L) * 1024 * 1024;
    private readonly int _turns = options.Quick ? 20 : 50;
    private int _topics;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        return
        [
            await BulkAsync(broker, "16 KB batches", 16 * 1024, 5),
            await BulkAsync(broker, "1 MB batches", 1024 * 1024, 3),
            await SmallAsync(broker),
        ];
    }

    private async Task<Row> BulkAsync(BrokerServer broker, string name, int batchSize, int inFlight)
    {
        byte[] batch = BatchBuilder.Build(batchSize, 1024, out int records);
        int rounds = (int)(_bytesPerTurn / BulkConnections / inFlight / batchSize);
        Func<Task<double>>[] subjects = [() => TurnAsync(idempotent: true), () => TurnAsync(idempotent: false)];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        InTurns cpu = await InTurns.RunAsync(_turns, subjects);
        return new Row($"idempotent produce, {name}, beside plain", cpu.Of(0), cpu.Of(1), "CPU s/GB", cpu.Ratio(0, 1), Limit);

        async Task<double> TurnAsync(bool idempotent)
        {
            string topic = $"i{_topics++}";
            await broker.CreateTopicAsync(topic, BulkConnections);
            double microseconds;
            using (Bursts load = Load(broker.Port, topic, BulkConnections, i => i, batch, records, inFlight, idempotent))
                microseconds = await Turns.BurstsAsync(broker.Process, load, rounds, []);
            await broker.DeleteTopicAsync(topic);
            return microseconds / 1e6 / (batchSize / 1e9);
        }
    }

    private async Task<Row> SmallAsync(BrokerServer broker)
    {
        const string Topic = "small";
        await broker.CreateTopicAsync(Topic, 1);
        byte[] batch = SmallRequests.Batch();
        using Bursts idempotent = Load(broker.Port, Topic, SmallConnections, static _ => 0, batch, 1, 1, true);
        using Bursts plain = Load(broker.Port, Topic, SmallConnections, static _ => 0, batch, 1, 1, false);
        Func<Task<double>>[] subjects =
        [
            () => Turns.BurstsAsync(broker.Process, idempotent, SmallRounds, []),
            () => Turns.BurstsAsync(broker.Process, plain, SmallRounds, []),
        ];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        InTurns cpu = await InTurns.RunAsync(_turns, subjects);
        return new Row("idempotent produce, one record, beside plain", cpu.Of(0), cpu.Of(1), "us/request", cpu.Ratio(0, 1), Limit);
    }

    /// <summary>Each connection sends the same batch again and again to one partition, with sequences of its own producer.</summary>
    private static Bursts Load(
        int port, string topic, int connections, Func<int, int> partition, byte[] batch, int records, int inFlight, bool idempotent)
    {
        var identities = new ProducerIdentity[connections];
        using (var connection = new Connection(port))
        {
            for (int i = 0; i < connections; i++)
            {
                if (!idempotent) identities[i] = ProducerIdentity.None;
                else
                {
                    var reader = new ReplyReader(connection.Call(TransactionRequests.Init(null)));
                    identities[i] = ProducerIdentity.Read(ref reader, "InitProducerId");
                }
            }
        }

        var sequences = new int[connections];
        byte[][] frames = [.. Enumerable.Range(0, connections).Select(i => Requests.Produce(topic, partition(i), batch, acks: -1))];
        return new Bursts(port, [.. frames.Select(frame => Enumerable.Repeat(frame, inFlight).ToArray())], reply => ProduceStream.Check(reply, topic.Length))
        {
            Prepare = (connection, bytes) =>
            {
                int size = frames[connection].Length;
                for (int end = size; end <= bytes.Length; end += size)
                {
                    identities[connection].Stamp(bytes.AsSpan(end - batch.Length, batch.Length), sequences[connection]);
                    sequences[connection] += records;
                }
            },
        };
    }
}
