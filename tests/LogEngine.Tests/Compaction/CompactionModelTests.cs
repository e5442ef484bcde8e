using System.Globalization;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Compression;

namespace KBroker.LogEngine.Tests.Compaction;

/// <summary>Random histories of a compacted topic, beside the list of all that was appended.</summary>
public sealed class CompactionModelTests
{
    private const int Sequences = 100;
    private const int Steps = 120;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void RandomHistory_AnySeed_FoldStaysAndWhatIsLeftWasThere(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Sequences; i++)
        {
            int sequence = random.Next();
            try
            {
                new Run(new Random(sequence)).Go();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"sequence {i} of seed {seed} ({sequence}): {e.Message}", e);
            }
        }
    }

    private sealed class Run
    {
        private readonly Random _random;
        private readonly CompactionWorld _world;
        private readonly Dictionary<long, int> _sequences = [];
        private readonly Dictionary<long, long> _open = [];
        private readonly Dictionary<long, long> _tombstoneCleaned = [];
        private long _previousEnd;
        private readonly int _keys;
        private readonly long _deleteRetention;

        public Run(Random random)
        {
            _random = random;
            _keys = random.Next(2, 12);
            _deleteRetention = random.Next(3) == 0 ? 0 : random.Next(1, 100_000);
            _world = new CompactionWorld(
                new InMemoryLogFileSystem(),
                LogConfig.Default with
                {
                    SegmentBytes = random.Next(500, 4000),
                    IndexIntervalBytes = random.Next(1, 400),
                    SegmentIndexBytes = random.Next(4) == 0 ? 60 : 4096,
                    Compact = true,
                    Delete = false,
                    MinCleanableDirtyRatio = random.Next(3) == 0 ? 0.3 : 0,
                    MinCompactionLagMs = random.Next(4) == 0 ? 1000 : 0,
                    MaxCompactionLagMs = random.Next(4) == 0 ? 50_000 : long.MaxValue,
                    DeleteRetentionMs = _deleteRetention,
                    FileDeleteDelayMs = random.Next(2) * 1000,
                },
                new LogCleanerOptions
                {
                    DedupeBufferSize = random.Next(2) == 0 ? 1 : 1 << 20,
                    LoadFactor = random.Next(2) == 0 ? 0.05 : 0.9,
                    IoBufferSize = random.Next(2) == 0 ? 1 : 1 << 16,
                });
        }

        public void Go()
        {
            for (int i = 0; i < Steps; i++)
            {
                Step();
                _world.CheckFold();
            }

            _world.CheckMaxTimestamp();
            _world.CheckRecords();
        }

        private void Step()
        {
            switch (_random.Next(26))
            {
                case < 8:
                    _world.Append(SomeRecords(), SomeCodec());
                    break;
                case < 11:
                    AppendIdempotent();
                    break;
                case < 14:
                    AppendTransactional();
                    break;
                case < 16:
                    EndTransaction();
                    break;
                case 16:
                    _world.Log.Roll();
                    break;
                case 17:
                    _world.Time.Advance(TimeSpan.FromMilliseconds(_random.Next(100_000)));
                    _world.Directory.RunDeletions();
                    break;
                case 18:
                    _world.Reopen(clean: true);
                    break;
                case 19:
                    _world.Reopen(clean: false);
                    break;
                case 20:
                    LosePower();
                    break;
                case 21:
                    if (_random.Next(4) == 0 && _world.Log.CommittedEnd > _world.Log.LogStartOffset)
                    {
                        _world.Log.AdvanceLogStartOffset(_random.NextInt64(_world.Log.LogStartOffset, _world.Log.LastStableOffset + 1));
                        _world.Directory.SettleLogStarts([_world.Log.TopicPartition]);
                    }

                    break;
                default:
                    Clean();
                    break;
            }

            if (_random.Next(4) > 0) _world.Commit();
            else _world.Log.AdvanceCommittedEnd(_random.Next(2) == 0 ? _previousEnd : _world.Log.LogEndOffset);
            _previousEnd = _world.Log.LogEndOffset;
        }

        private void Clean()
        {
            PartitionLog log = _world.Log;
            long active = log.SegmentStarts()[^1].BaseOffset;
            long untouched = Math.Min(log.LastStableOffset, active);
            List<FoundBatch> before = _world.Batches();
            bool cleaned = _world.Clean();
            Assert.Null(log.Compaction.Uncleanable);
            if (!cleaned) return;
            List<FoundBatch> after = _world.Batches();
            Assert.Equal(before.Where(batch => batch.First >= untouched).Select(Text), after.Where(batch => batch.First >= untouched).Select(Text));
            Assert.True(log.Compaction.CleanedEnd <= untouched, $"cleaned up to {log.Compaction.CleanedEnd}, beyond {untouched}");
            _world.CheckRecords();
            CheckTombstones(after);
        }

        // A tombstone that is the last word on its key stays for delete.retention.ms after it was first compacted.
        private void CheckTombstones(List<FoundBatch> after)
        {
            HashSet<long> present = [.. after.SelectMany(batch => batch.Records).Select(record => record.Offset)];
            long end = _world.Log.Compaction.CleanedEnd;
            var last = new Dictionary<string, KeyedRecord>();
            foreach (KeyedRecord record in _world.Appended.Where(record => record.Key is not null && record.Offset < _world.Log.LastStableOffset && !IsAborted(record)))
                last[record.Key!] = record;
            foreach (KeyedRecord record in last.Values.Where(record => record.Value is null && record.Offset < end && record.Offset >= _world.Log.LogStartOffset))
            {
                if (_tombstoneCleaned.TryAdd(record.Offset, _world.Now) || _world.Now < _tombstoneCleaned[record.Offset] + _deleteRetention)
                    Assert.Contains(record.Offset, present);
            }
        }

        private bool IsAborted(KeyedRecord record) => _world.Aborted.Any(aborted =>
            aborted.Producer == record.Producer && record.Offset >= aborted.First && record.Offset < aborted.Marker);

        private void AppendIdempotent()
        {
            long id = _random.Next(3);
            int sequence = _sequences.GetValueOrDefault(id);
            List<(string?, string?)> records = SomeRecords();
            _world.Append(records, SomeCodec(), new ProducerStamp(id, sequence, false));
            _sequences[id] = sequence + records.Count;
        }

        private void AppendTransactional()
        {
            long id = 10 + _random.Next(3);
            int sequence = _sequences.GetValueOrDefault(id);
            _open.TryAdd(id, _world.Log.LogEndOffset);
            List<(string?, string?)> records = SomeRecords();
            _world.Append(records, SomeCodec(), new ProducerStamp(id, sequence, true));
            _sequences[id] = sequence + records.Count;
        }

        private void EndTransaction()
        {
            if (_open.Count == 0) return;
            (long id, long first) = _open.ElementAt(_random.Next(_open.Count));
            _world.End(id, _random.Next(2) == 0, first);
            _open.Remove(id);
        }

        private void LosePower()
        {
            _world.Log.Flush();
            _world.Directory.Checkpoint();
            long committed = _world.Log.CommittedEnd;
            _world.Disk.NamesKeepOrder = _random.Next(2) == 0;
            _world.Disk.LosePower(_random);
            _world.Recover(committed);
        }

        private List<(string? Key, string? Value)> SomeRecords()
        {
            var records = new List<(string?, string?)>();
            for (int i = _random.Next(1, 5); i > 0; i--)
            {
                string? key = _random.Next(20) == 0 ? null : "k" + _random.Next(_keys).ToString(CultureInfo.InvariantCulture);
                string? value = _random.Next(5) == 0 ? null : new string((char)('a' + _random.Next(26)), _random.Next(1, 60));
                records.Add((key, value));
            }

            return records;
        }

        private CompressionType SomeCodec() => _random.Next(3) == 0 ? (CompressionType)_random.Next(1, 5) : CompressionType.None;

        private static string Text(FoundBatch batch) => Convert.ToHexString(batch.Bytes);
    }
}
