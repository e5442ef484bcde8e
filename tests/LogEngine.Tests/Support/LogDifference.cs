using KBroker.LogEngine.Tests.Compaction;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>Whether a log holds what a model says, and where not.</summary>
internal static class LogDifference
{
    /// <summary>
    /// What is wrong with the batches that were found; null when they are those of the model. Batches that reach
    /// <paramref name="lossesFrom"/> may be missing among others.
    /// </summary>
    public static string? Of(LogModel model, PartitionLog log, IReadOnlyList<ModelBatch> found, long lossesFrom = long.MaxValue)
    {
        // Also where the batch that holds the start was lost: the log starts over there.
        if (log.LogStartOffset == log.LogEndOffset) return found.Count == 0 ? null : "an empty log holds batches";
        List<ModelBatch> expected = [.. model.Between(log.LogStartOffset, log.LogEndOffset)];
        if (expected.Count > 0 && expected[^1].Last >= log.LogEndOffset) return "the log ends within a batch";
        HashSet<long> present = [.. found.Select(batch => batch.First)];
        string? difference = OfWhole(
            expected.Where(batch => batch.First >= model.ThinnedTo && (batch.Last < lossesFrom || present.Contains(batch.First))),
            found.Where(batch => batch.First >= model.ThinnedTo));
        if (difference is not null || model.ThinnedTo == 0) return difference;
        return OfThinned(expected, [.. found.Where(batch => batch.First < model.ThinnedTo)], log.LogStartOffset, model.ThinnedTo);
    }

    private static string? OfWhole(IEnumerable<ModelBatch> expected, IEnumerable<ModelBatch> found)
    {
        using IEnumerator<ModelBatch> left = expected.GetEnumerator();
        using IEnumerator<ModelBatch> right = found.GetEnumerator();
        while (true)
        {
            bool more = left.MoveNext();
            if (more != right.MoveNext()) return more ? $"{left.Current.First} is missing" : $"{right.Current.First} is one too many";
            if (!more) return null;
            if (left.Current.First != right.Current.First || !left.Current.Bytes.AsSpan().SequenceEqual(right.Current.Bytes)) return $"{right.Current.First} is another batch";
        }
    }

    /// <summary>
    /// What compaction may have left: batches of which each was there, with their offsets, their producer and their compression, and in
    /// them only records that were there; and of each key the last value.
    /// </summary>
    private static string? OfThinned(List<ModelBatch> all, List<ModelBatch> found, long start, long end)
    {
        List<ModelBatch> expected = [.. all.Where(batch => batch.First < end)];
        Dictionary<long, ModelBatch> appended = expected.ToDictionary(batch => batch.First);
        List<FoundBatch> before = [.. expected.SelectMany(batch => CompactionWorld.Parse(batch.Bytes))];
        Dictionary<long, KeyedRecord> records = before.SelectMany(batch => batch.Records).ToDictionary(record => record.Offset);
        List<FoundBatch> after = [.. found.SelectMany(batch => CompactionWorld.Parse(batch.Bytes))];
        foreach (ModelBatch batch in found)
        {
            if (!appended.TryGetValue(batch.First, out ModelBatch? whole) || whole.Last != batch.Last) return $"{batch.First} was never there";
            bool isEmpty = new RecordBatchHeader(batch.Bytes).RecordCount == 0;
            if (Identity(batch, isEmpty) != Identity(whole, isEmpty)) return $"{batch.First} is now {Identity(batch, isEmpty)}, and was {Identity(whole, isEmpty)}";
        }

        foreach (KeyedRecord record in after.SelectMany(batch => batch.Records))
        {
            if (!records.TryGetValue(record.Offset, out KeyedRecord? whole) || whole != record) return $"{record} was never there";
        }

        List<(long Producer, long First, long Marker)> aborted = Aborted(all);
        string was = Fold(before, aborted, start);
        string isNow = Fold(after, aborted, start);
        return was == isNow ? null : $"the last values are {isNow}, and were {was}: {Describe(after)} of {Describe(before)}, aborted {string.Join(' ', aborted)}, start {start} below {end}";
    }

    public static string Describe(IEnumerable<ModelBatch> batches) => Describe(batches.SelectMany(batch => CompactionWorld.Parse(batch.Bytes)));

    private static string Describe(IEnumerable<FoundBatch> batches) => string.Join(' ', batches.Select(batch =>
        $"[{batch.First}-{batch.Last}{(batch.IsControl ? " control" : "")}: {string.Join(' ', batch.Records.Select(record => $"{record.Offset}:{record.Key}={record.Value}{(record.Producer < 0 ? "" : " of " + record.Producer)}"))}]"));

    private static string Identity(ModelBatch batch, bool isEmpty)
    {
        var header = new RecordBatchHeader(batch.Bytes);
        return $"{header.PartitionLeaderEpoch} {header.TimestampType} {(isEmpty ? null : header.CompressionType)} {header.ProducerId} "
            + $"{header.ProducerEpoch} {header.BaseSequence} {header.IsTransactional} {header.IsControl}";
    }

    private static List<(long Producer, long First, long Marker)> Aborted(List<ModelBatch> batches)
    {
        var open = new Dictionary<long, long>();
        var aborted = new List<(long, long, long)>();
        foreach (ModelBatch batch in batches)
        {
            var header = new RecordBatchHeader(batch.Bytes);
            if (!header.IsTransactional) continue;
            if (!header.IsControl) open.TryAdd(header.ProducerId, batch.First);
            else if (EndTransactionMarker.TryRead(batch.Bytes, out EndTransactionMarker marker) && open.Remove(header.ProducerId, out long first) && !marker.IsCommit)
                aborted.Add((header.ProducerId, first, batch.First));
        }

        return aborted;
    }

    private static string Fold(List<FoundBatch> batches, List<(long Producer, long First, long Marker)> aborted, long start)
    {
        var fold = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (KeyedRecord record in batches.Where(batch => !batch.IsControl).SelectMany(batch => batch.Records))
        {
            if (record.Offset < start || record.Key is null) continue;
            if (aborted.Exists(one => one.Producer == record.Producer && record.Offset >= one.First && record.Offset < one.Marker)) continue;
            if (record.Value is null) fold.Remove(record.Key);
            else fold[record.Key] = record.Value;
        }

        return string.Join(' ', fold.Select(pair => $"{pair.Key}={pair.Value}"));
    }
}
