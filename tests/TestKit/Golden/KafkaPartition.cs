using System.Globalization;
using System.Text.RegularExpressions;

namespace KBroker.TestKit.Golden;

/// <summary>A partition's directory after an orderly stop, read as Kafka reads it and then held against its own batches.</summary>
internal sealed partial class KafkaPartition
{
    private const string EpochsFile = "leader-epoch-checkpoint";
    private const string MetadataFile = "partition.metadata";

    private readonly KafkaFiles _files;
    private readonly string _directory;
    private readonly bool _isCompacted;
    private long _logStart;
    private readonly List<KafkaSegment> _segments = [];
    private readonly List<(string File, long Offset, List<KafkaProducer> Producers)> _snapshots = [];

    private KafkaPartition(KafkaFiles files, string directory, bool isCompacted)
    {
        _files = files;
        _directory = directory;
        _isCompacted = isCompacted;
    }

    public IReadOnlyList<KafkaSegment> Segments => _segments;

    public IEnumerable<KafkaBatch> Batches => _segments.SelectMany(segment => segment.Batches);

    public IReadOnlyList<long> SnapshotOffsets => [.. _snapshots.Select(snapshot => snapshot.Offset)];

    public long FirstOffset => _segments[0].BaseOffset;

    public long EndOffset => _segments[^1].EndOffset;

    /// <param name="files">The log directory.</param>
    /// <param name="directory">The partition's.</param>
    /// <param name="logStart">What the checkpoint of log starts says; null for nothing.</param>
    /// <param name="isCompacted">Whether batches may be gone that the producers and the aborted transactions were made of.</param>
    /// <param name="wantsSnapshot">Whether there must be a snapshot at the log end.</param>
    /// <exception cref="KafkaRefusesException">Kafka would not open it, would have to make a file anew, or would believe what is wrong.</exception>
    public static KafkaPartition Read(KafkaFiles files, string directory, long? logStart, bool isCompacted, bool wantsSnapshot)
    {
        var partition = new KafkaPartition(files, directory, isCompacted);
        partition.ReadSegments();
        partition._logStart = Math.Max(logStart ?? 0, partition.FirstOffset);
        partition.CheckEpochs(partition._logStart);
        partition.CheckProducers(wantsSnapshot);
        if (files.Find(partition.At(MetadataFile)) is { } metadata) KafkaText.PartitionMetadata(partition.At(MetadataFile), metadata);
        return partition;
    }

    private void ReadSegments()
    {
        var offsets = new SortedDictionary<string, SortedSet<long>>(StringComparer.Ordinal);
        foreach (string name in _files.NamesIn(_directory).Where(name => name is not (EpochsFile or MetadataFile)))
        {
            Match match = SegmentName().Match(name);
            KafkaRefusesException.If(!match.Success, At(name), "no file that Kafka leaves after an orderly stop");
            string suffix = match.Groups[2].Value;
            if (!offsets.TryGetValue(suffix, out SortedSet<long>? known)) offsets[suffix] = known = [];
            known.Add(long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        }

        KafkaRefusesException.If(!offsets.ContainsKey("log"), _directory, "no segment");
        long[] bases = [.. offsets["log"]];
        foreach ((string suffix, SortedSet<long> known) in offsets.Where(pair => pair.Key != "snapshot"))
            KafkaRefusesException.If(!known.IsSubsetOf(bases), _directory, $"a .{suffix} file without its .log");
        for (int i = 0; i < bases.Length; i++)
            _segments.Add(KafkaSegment.Read(_files, At(Name(bases[i])), bases[i], i + 1 < bases.Length ? bases[i + 1] : null));
        foreach (long offset in offsets.GetValueOrDefault("snapshot") ?? [])
        {
            string file = At(Name(offset) + ".snapshot");
            // Others than those of segments' starts and of the log end are from earlier stops: Kafka deletes them at the next start.
            KafkaRefusesException.If(offset > EndOffset, file, $"behind the log end, {EndOffset}");
            List<KafkaProducer> producers = KafkaProducers.ReadSnapshot(file, _files.Find(file)!);
            if (offset >= FirstOffset) _snapshots.Add((file, offset, producers));
        }
    }

    private void CheckEpochs(long logStart)
    {
        string file = At(EpochsFile);
        if (_files.Find(file) is not { } bytes)
        {
            KafkaRefusesException.If(Batches.Any(batch => batch.Epoch >= 0), file, "missing, and batches have an epoch");
            return;
        }

        var epochs = new List<(long Epoch, long Start)>();
        foreach (string[] line in KafkaText.Checkpoint(file, bytes, 2))
        {
            (long epoch, long start) = (KafkaText.Number(file, line[0]), KafkaText.Number(file, line[1]));
            // Kafka drops an entry that does not rise in both.
            if (epochs is [.., var last])
                KafkaRefusesException.If(epoch <= last.Epoch || start <= last.Start, file, $"epoch {epoch} from {start} does not follow epoch {last.Epoch} from {last.Start}");
            epochs.Add((epoch, start));
        }

        foreach (KafkaBatch batch in Batches.Where(batch => batch.LastOffset >= logStart && batch.Epoch >= 0))
        {
            long offset = Math.Max(batch.BaseOffset, logStart);
            long known = epochs.Where(entry => entry.Start <= offset).Select(entry => entry.Epoch).DefaultIfEmpty(-1).Last();
            KafkaRefusesException.If(known != batch.Epoch, file, $"offset {offset} is of epoch {known}, its batch is of {batch.Epoch}");
        }

        KafkaRefusesException.If(epochs is [.., var end] && end.Start > EndOffset, file, $"an epoch begins behind the log end, {EndOffset}");
    }

    /// <summary>
    /// From the first snapshot on, or from nothing at offset 0, each batch makes the next states: every later snapshot and every
    /// transaction index has to say the same.
    /// </summary>
    private void CheckProducers(bool wantsSnapshot)
    {
        var producers = new KafkaProducers();
        bool isKnown = FirstOffset == 0;
        int next = 0;
        HashSet<(long, long)> early =
            [.. _segments.SelectMany(segment => segment.Aborted).Where(one => one.FirstOffset < FirstOffset).Select(one => (one.ProducerId, one.LastOffset))];
        foreach (KafkaSegment segment in _segments)
        {
            var aborted = new List<KafkaAborted>();
            foreach (KafkaBatch batch in segment.Batches)
            {
                Meet(batch.BaseOffset);
                if (next < _snapshots.Count)
                    KafkaRefusesException.If(_snapshots[next].Offset <= batch.LastOffset, _snapshots[next].File, $"within the batch from {batch.BaseOffset} to {batch.LastOffset}");
                if (producers.Add(segment.LogFile, batch) is { } one) aborted.Add(one);
            }

            // What began before the states are known is not told by the batches.
            if (_isCompacted || !isKnown) continue;
            KafkaRefusesException.If(
                !segment.Aborted.Select(Known).SequenceEqual(aborted.Select(Known)), segment.AbortedFile, $"holds [{string.Join(", ", segment.Aborted)}], the batches tell of [{string.Join(", ", aborted)}]");
        }

        Meet(long.MaxValue);
        KafkaRefusesException.If(
            wantsSnapshot && (_snapshots.Count == 0 || _snapshots[^1].Offset != EndOffset), _directory, $"no snapshot at the log end, {EndOffset}: Kafka would read the log for it");

        // Of one that began before the first segment the batches do not tell, nor of where others did.
        KafkaAborted Known(KafkaAborted one) => early.Contains((one.ProducerId, one.LastOffset)) ? one with { FirstOffset = 0, LastStableOffset = 0 } : one;

        void Meet(long offset)
        {
            for (; next < _snapshots.Count && _snapshots[next].Offset <= offset; next++)
            {
                (string file, long at, List<KafkaProducer> found) = _snapshots[next];
                foreach (KafkaProducer producer in found)
                    KafkaRefusesException.If(producer.LastOffset >= at || producer.TransactionStart >= at, file, $"{producer} is not below {at}");
                if (isKnown && !_isCompacted)
                {
                    KafkaRefusesException.If(
                        !producers.AreThose(found, _logStart), file, $"holds [{string.Join(", ", found)}], the batches tell of [{string.Join(", ", producers.All)}]");
                }

                producers.Set(found);
                isKnown = true;
            }
        }
    }

    private string At(string name) => Path.Combine(_directory, name);

    private static string Name(long offset) => offset.ToString("D20", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A([0-9]{20})\.(log|index|timeindex|txnindex|snapshot)\z")]
    private static partial Regex SegmentName();
}
