using System.Diagnostics;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;
using KBroker.Protocol.Records;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// Transactions of 1,000 records of 100 bytes, one after another on one producer, in both protocols; beside the same batches of an
/// idempotent producer that waits for the 1,000 to be acknowledged before it goes on.
/// </summary>
internal sealed class Transactions(Options options)
{
    private const int Records = 1000;
    private const int RecordSize = 100;

    // Batches of about 16 KB: batch.size as it is by default.
    private const int Batches = 7;
    private readonly int _turns = options.Quick ? 5 : 12;
    private readonly int _perTurn = options.Quick ? 100 : 200;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        await broker.CreateTransactionTopicAsync();
        Subject[] subjects = [await MakeAsync(TransactionProtocol.Classic), await MakeAsync(TransactionProtocol.V2), await MakeAsync(TransactionProtocol.None)];
        Func<Task<double>>[] turns = [.. subjects.Select(subject => (Func<Task<double>>)(() => TurnAsync(broker, subject)))];
        await InTurns.WarmUpAsync(options.Quick, turns);
        foreach (Subject subject in subjects) subject.Reset();
        InTurns cpu = await InTurns.RunAsync(_turns, turns);
        foreach (Subject subject in subjects)
        {
            Check(broker.Port, subject);
            subject.Producer.Dispose();
        }

        return [.. Rows("first protocol", 0), .. Rows("second protocol", 1)];

        async Task<Subject> MakeAsync(TransactionProtocol protocol)
        {
            string topic = $"t{(int)protocol}";
            await broker.CreateTopicAsync(topic, 1);
            return new Subject(topic, protocol, new TransactionalProducer(broker.Port, $"id-{topic}", topic, protocol, Build()));
        }

        IEnumerable<Row> Rows(string name, int subject)
        {
            double rate = InTurns.Median(subjects[subject].Rates);
            double plain = InTurns.Median(subjects[2].Rates);
            double retries = (double)(subjects[subject].Producer.Retries - subjects[subject].RetriesBefore) / (_turns * _perTurn);
            yield return new Row($"transactions of 1,000 records, {name}", rate, null, "1/s", rate, 300, AtLeast: true);
            yield return new Row("  beside the same records without", rate, plain, "1/s", rate / plain, null, AtLeast: true);
            yield return new Row("  CPU beside the same records without", cpu.Of(subject), cpu.Of(2), "us each", cpu.Ratio(subject, 2), null);
            yield return new Row("  answered that the one before is not over", retries, null, "of 1", 0, null);
        }
    }

    private static IEnumerable<(byte[] Batch, int Records)> Build()
    {
        for (int i = 0; i < Batches; i++)
        {
            int records = (Records * (i + 1) / Batches) - (Records * i / Batches);
            byte[] batch = BatchBuilder.Build(RecordBatchFormat.RecordsOffset + (records * RecordSize), RecordSize, out int built);
            if (built != records) throw new InvalidOperationException($"{built} records were built, not {records}");
            yield return (batch, records);
        }
    }

    private async Task<double> TurnAsync(BrokerServer broker, Subject subject)
    {
        double before = broker.Process.CpuSeconds;
        var elapsed = Stopwatch.StartNew();
        double after = await Clients.RunAsync(1, _ => subject.Producer.Run(_perTurn), () => broker.Process.CpuSeconds);
        subject.Rates.Add(_perTurn / elapsed.Elapsed.TotalSeconds);
        subject.Count += _perTurn;
        return (after - before) * 1e6 / _perTurn;
    }

    /// <summary>All that was committed is there to be read, with a marker for each transaction.</summary>
    private static void Check(int port, Subject subject)
    {
        long expected = (long)subject.Count * (Records + (subject.Protocol == TransactionProtocol.None ? 0 : 1));
        using var connection = new Connection(port);
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var reader = new ReplyReader(connection.Call(Requests.LastStableOffset(subject.Topic, 0)));
            (_, _, _, _, _) = (reader.Int32(), reader.Int32(), reader.String(), reader.Int32(), reader.Int32());
            reader.Success("ListOffsets");
            reader.Int64();
            long stable = reader.Int64();
            if (stable == expected) return;
            if (patience.Elapsed > TimeSpan.FromSeconds(5)) throw new InvalidOperationException($"{stable} records are committed, not {expected}");
        }
    }

    private sealed record Subject(string Topic, TransactionProtocol Protocol, TransactionalProducer Producer)
    {
        public List<double> Rates { get; } = [];

        public int Count { get; set; }

        public long RetriesBefore { get; private set; }

        public void Reset()
        {
            Rates.Clear();
            RetriesBefore = Producer.Retries;
        }
    }
}
