using System.Diagnostics;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;
using KBroker.Compat.Tests.Histories;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>Writes a history down while it happens; for any thread.</summary>
internal sealed class HistoryRecorder
{
    private readonly Dictionary<(string Producer, int Number), Open> _transactions = [];
    private readonly Dictionary<string, int> _seen = [];
    private readonly List<Observation> _observations = [];
    private readonly List<OffsetSample> _samples = [];
    private readonly Lock _lock = new();

    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>How many records consumers have seen.</summary>
    public int ObservationCount
    {
        get
        {
            lock (_lock) return _observations.Count;
        }
    }

    /// <summary>How many records of a topic consumers have seen.</summary>
    public int CountSeenIn(string topic)
    {
        lock (_lock) return _seen.GetValueOrDefault(topic);
    }

    /// <summary>How many transactions had an outcome.</summary>
    public int Count(TransactionOutcome outcome)
    {
        lock (_lock) return _transactions.Values.Count(open => open.Outcome == outcome);
    }

    /// <summary>A transaction begins; until something else is told it counts as aborted, because it was not asked to commit.</summary>
    public void Begin(string producer, int number, IReadOnlyList<(Place, string)> writes, IReadOnlyList<string>? reads = null)
    {
        lock (_lock) _transactions.Add((producer, number), new(writes, reads ?? []));
    }

    /// <summary>The commit is about to be asked for: from here on the outcome is unknown.</summary>
    public void Committing(string producer, int number, long time)
    {
        lock (_lock)
        {
            Open open = _transactions[(producer, number)];
            open.CommitAskedAt = time;
            open.Outcome = TransactionOutcome.Unknown;
        }
    }

    public void End(string producer, int number, TransactionOutcome outcome)
    {
        lock (_lock) _transactions[(producer, number)].Outcome = outcome;
    }

    public void See(Observation seen)
    {
        lock (_lock)
        {
            _observations.Add(seen);
            _seen[seen.Place.Topic] = _seen.GetValueOrDefault(seen.Place.Topic) + 1;
        }
    }

    public void Sample(OffsetSample sample)
    {
        lock (_lock) _samples.Add(sample);
    }

    /// <summary>The whole history, with what the topics hold at the end for a consumer of Confluent.Kafka, read_committed.</summary>
    public async Task<History> FinishAsync(BrokerProcess broker, params string[] topics)
    {
        var final = new List<Observation>();
        foreach (string topic in topics)
        {
            List<ClientRecord> records = await new Dotnet().ConsumeAsync(broker, topic);
            final.AddRange(records.Select(record =>
                new Observation("final", Now, new(topic, record.Partition), record.Offset, System.Text.Encoding.UTF8.GetString(record.Value!))));
        }

        lock (_lock)
        {
            TransactionRecord[] transactions = [.. _transactions.Select(entry => new TransactionRecord(
                entry.Key.Producer, entry.Key.Number, entry.Value.Writes, entry.Value.Outcome, entry.Value.CommitAskedAt) { Reads = entry.Value.Reads })];
            return new(transactions, [.. _observations], final) { Samples = [.. _samples] };
        }
    }

    private sealed class Open(IReadOnlyList<(Place, string)> writes, IReadOnlyList<string> reads)
    {
        public IReadOnlyList<(Place Place, string Value)> Writes { get; } = writes;

        public IReadOnlyList<string> Reads { get; } = reads;

        public TransactionOutcome Outcome { get; set; } = TransactionOutcome.Aborted;

        public long CommitAskedAt { get; set; } = TransactionRecord.Never;
    }
}
