namespace KBroker.Compat.Tests.Histories;

/// <summary>Holds a history to what transactions promise; the promises X and S of the reliability notes, and H for its samples.</summary>
/// <remarks>
/// A transaction of unknown outcome may be there or not, but wholly. Transactions of different producers may lie between each other's
/// records (G0), and a consumer sees the records of a transaction in different partitions at different times: neither is an anomaly.
/// </remarks>
internal sealed class HistoryChecker
{
    private readonly History _history;
    private readonly List<Violation> _found = [];
    private readonly Dictionary<string, (TransactionRecord By, Place Place, int Index)> _sent = [];

    private HistoryChecker(History history) => _history = history;

    /// <summary>Everything that the history breaks; nothing when all is well.</summary>
    /// <exception cref="ArgumentException">Two records of the history were sent with one value, so it cannot be judged.</exception>
    public static IReadOnlyList<Violation> Check(History history)
    {
        var checker = new HistoryChecker(history);
        checker.IndexWrites();
        checker.CheckObservations();
        checker.CheckOffsets();
        checker.CheckPresence();
        checker.CheckOrder();
        checker.CheckSessions();
        checker.CheckSamples();
        checker.CheckCircles();
        return checker._found;
    }

    private void Add(Anomaly anomaly, string what) => _found.Add(new(anomaly, what));

    private void IndexWrites()
    {
        foreach (TransactionRecord transaction in _history.Transactions)
        {
            for (int i = 0; i < transaction.Writes.Count; i++)
            {
                (Place place, string value) = transaction.Writes[i];
                if (!_sent.TryAdd(value, (transaction, place, i))) throw new ArgumentException($"'{value}' was sent twice", nameof(History));
            }
        }
    }

    private void CheckObservations()
    {
        foreach (Observation seen in _history.Observations.Concat(_history.Final))
        {
            if (!_sent.TryGetValue(seen.Value, out (TransactionRecord By, Place Place, int Index) sent)) Add(Anomaly.Phantom, $"{seen} was never sent");
            else if (sent.Place != seen.Place) Add(Anomaly.Phantom, $"{seen} was sent to {sent.Place}");
            else if (sent.By.Outcome == TransactionOutcome.Aborted) Add(Anomaly.AbortedRead, $"{seen} is of {sent.By}");
            else if (seen.At < sent.By.CommitAskedAt) Add(Anomaly.PrecommittedRead, $"{seen} at {seen.At}; {sent.By} asked for its commit at {sent.By.CommitAskedAt}");
        }
    }

    // One value has one offset and one offset one value, whoever looks and whenever.
    private void CheckOffsets()
    {
        var values = new Dictionary<(Place, long), Observation>();
        var offsets = new Dictionary<string, Observation>();
        foreach (Observation seen in _history.Observations.Concat(_history.Final))
        {
            if (!values.TryAdd((seen.Place, seen.Offset), seen) && values[(seen.Place, seen.Offset)] is var other && other.Value != seen.Value)
                Add(Anomaly.InconsistentOffset, $"{seen}, and {other}");
            if (!offsets.TryAdd(seen.Value, seen) && offsets[seen.Value] is var first && (first.Place, first.Offset) != (seen.Place, seen.Offset))
                Add(Anomaly.Duplicate, $"{seen}, and {first}");
        }

        foreach (IGrouping<(Place Place, long Offset), Observation> twice in _history.Final.GroupBy(seen => (seen.Place, seen.Offset)).Where(same => same.Count() > 1))
            Add(Anomaly.Duplicate, $"{twice.Key.Place}@{twice.Key.Offset} was given {twice.Count()} times in one reading");
    }

    private void CheckPresence()
    {
        HashSet<string> there = [.. _history.Final.Select(seen => seen.Value)];
        // What was seen once stays: a transaction that anyone has seen a part of is committed.
        HashSet<string> ever = [.. _history.Observations.Select(seen => seen.Value).Concat(there)];
        foreach (TransactionRecord transaction in _history.Transactions)
        {
            string[] missing = [.. transaction.Writes.Select(write => write.Value).Where(value => !there.Contains(value))];
            if (missing.Length == 0 || transaction.Outcome == TransactionOutcome.Aborted) continue;
            string what = $"{transaction} ({transaction.Outcome}) lacks {missing.Length} of {transaction.Writes.Count} records: '{string.Join("', '", missing.Take(5))}'";
            if (transaction.Writes.Any(write => ever.Contains(write.Value))) Add(Anomaly.TornTransaction, what);
            else if (transaction.Outcome == TransactionOutcome.Committed) Add(Anomaly.LostWrite, what);
        }
    }

    private void CheckOrder()
    {
        var last = new Dictionary<(Place, string), (int Number, int Index, Observation Seen)>();
        foreach (Observation seen in _history.Final)
        {
            if (!_sent.TryGetValue(seen.Value, out (TransactionRecord By, Place Place, int Index) sent)) continue;
            (Place, string) line = (seen.Place, sent.By.Producer);
            if (last.TryGetValue(line, out (int Number, int Index, Observation Seen) before) && (sent.By.Number, sent.Index).CompareTo((before.Number, before.Index)) < 0)
                Add(Anomaly.Disorder, $"{seen} of {sent.By} comes after {before.Seen}, which was sent later");
            last[line] = (sent.By.Number, sent.Index, seen);
        }
    }

    private void CheckSessions()
    {
        Dictionary<Place, long[]> offsets = _history.Final.GroupBy(seen => seen.Place).ToDictionary(place => place.Key, place => place.Select(seen => seen.Offset).Order().ToArray());
        var last = new Dictionary<(string, Place), Observation>();
        foreach (Observation seen in _history.Observations)
        {
            if (last.TryGetValue((seen.Session, seen.Place), out Observation before))
            {
                if (seen.Offset <= before.Offset) Add(Anomaly.NonMonotonicRead, $"{seen}, after offset {before.Offset}");
                else if (FirstAfter(offsets.GetValueOrDefault(seen.Place, []), before.Offset) is var next && next < seen.Offset)
                    Add(Anomaly.Skip, $"{seen} came after offset {before.Offset}, and {next} was left out");
            }

            last[(seen.Session, seen.Place)] = seen;
        }
    }

    private static long FirstAfter(long[] offsets, long offset)
    {
        int at = Array.BinarySearch(offsets, offset + 1);
        if (at < 0) at = ~at;
        return at < offsets.Length ? offsets[at] : long.MaxValue;
    }

    // An answer binds only those who ask after they could have had it.
    private void CheckSamples()
    {
        foreach (IGrouping<string, OffsetSample> line in _history.Samples.GroupBy(sample => sample.Of))
        {
            OffsetSample[] asked = [.. line.OrderBy(sample => sample.AskedAt)];
            OffsetSample[] answered = [.. line.OrderBy(sample => sample.AnsweredAt)];
            int known = 0;
            OffsetSample highest = new(line.Key, 0, 0, -1);
            foreach (OffsetSample sample in asked)
            {
                for (; known < answered.Length && answered[known].AnsweredAt < sample.AskedAt; known++)
                {
                    if (answered[known].Offset > highest.Offset) highest = answered[known];
                }

                if (sample.Offset < highest.Offset) Add(Anomaly.OffsetWentBack, $"{line.Key} was {highest.Offset} at {highest.AnsweredAt} and {sample.Offset} when asked at {sample.AskedAt}");
            }
        }
    }

    private void CheckCircles()
    {
        var readsFrom = new Dictionary<TransactionRecord, TransactionRecord[]>(ReferenceEqualityComparer.Instance);
        foreach (TransactionRecord reader in _history.Transactions.Where(transaction => transaction.Outcome != TransactionOutcome.Aborted))
        {
            TransactionRecord[] writers = [.. reader.Reads.Where(_sent.ContainsKey).Select(value => _sent[value].By).Where(by => by != reader).Distinct()];
            if (writers.Length > 0) readsFrom[reader] = writers;
        }

        var done = new HashSet<TransactionRecord>(ReferenceEqualityComparer.Instance);
        foreach (TransactionRecord start in readsFrom.Keys) Follow(start, readsFrom, done);
    }

    // Depth first without recursion: a chain of transactions is as long as the test.
    private void Follow(TransactionRecord start, Dictionary<TransactionRecord, TransactionRecord[]> readsFrom, HashSet<TransactionRecord> done)
    {
        if (done.Contains(start)) return;
        var path = new List<(TransactionRecord At, int Next)> { (start, 0) };
        var onPath = new HashSet<TransactionRecord>(ReferenceEqualityComparer.Instance) { start };
        while (path.Count > 0)
        {
            (TransactionRecord at, int next) = path[^1];
            TransactionRecord[] writers = readsFrom.GetValueOrDefault(at, []);
            if (next == writers.Length)
            {
                path.RemoveAt(path.Count - 1);
                onPath.Remove(at);
                done.Add(at);
                continue;
            }

            path[^1] = (at, next + 1);
            TransactionRecord writer = writers[next];
            if (onPath.Contains(writer))
            {
                int from = path.FindIndex(step => ReferenceEquals(step.At, writer));
                Add(Anomaly.CircularFlow, $"{string.Join(" reads from ", path.Skip(from).Select(step => step.At))} reads from {writer}");
            }
            else if (!done.Contains(writer))
            {
                path.Add((writer, 0));
                onPath.Add(writer);
            }
        }
    }
}
