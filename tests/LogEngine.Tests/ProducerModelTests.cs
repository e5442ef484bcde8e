using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests;

/// <summary>
/// Random producers and transactions, beside a list of the batches that are in the log: what the log knows of producers must be
/// what that list says, whatever restarts, cuts and damaged files came in between.
/// </summary>
public sealed class ProducerModelTests
{
    private const int Sequences = 40;
    private const int Steps = 80;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void RandomAppendsRestartsAndCuts_AnySeed_StatesAreThoseOfTheLog(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Sequences; i++)
        {
            int own = random.Next();
            try
            {
                new Run(new Random(own), deletes: false).Go();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {own} of {seed}", e);
            }
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void RandomTransactionsAndDeletedSegments_AnySeed_StableOffsetAndAbortsAreThoseOfTheLog(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Sequences; i++)
        {
            int own = random.Next();
            try
            {
                new Run(new Random(own), deletes: true).Go();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {own} of {seed}", e);
            }
        }
    }

    private enum Kind
    {
        Plain,
        Transactional,
        Commit,
        Abort,
    }

    private sealed record Item(Kind Kind, long Producer, short Epoch, int Sequence, int Count, long First, int CoordinatorEpoch)
    {
        public long Last => First + Count - 1;

        public int LastSequence => ProducerSequence.Add(Sequence, Count - 1);

        public bool IsMarker => Kind is Kind.Commit or Kind.Abort;
    }

    private sealed class Known
    {
        public short Epoch = -1;
        public int CoordinatorEpoch = -1;
        public long Start = -1;
        public List<Item> Batches = [];
    }

    private sealed class Run
    {
        private readonly Random _random;
        private readonly bool _deletes;
        private readonly LogRig _rig;
        private readonly List<Item> _log = [];
        private long _start;
        private long _end;
        private long _committed;
        private int _coordinatorEpoch;

        // From here on the log has seen every batch with its own eyes, and not in a snapshot.
        private long _seenFrom;

        public Run(Random random, bool deletes)
        {
            _random = random;
            _deletes = deletes;
            _rig = new LogRig(LogConfig.Default with { SegmentBytes = random.Next(400, 2000), IndexIntervalBytes = random.Next(0, 300) });
        }

        public void Go()
        {
            for (int step = 0; step < Steps; step++)
            {
                Step();
                Check();
            }
        }

        private void Step()
        {
            switch (_random.Next(24))
            {
                case < 9:
                    Produce();
                    break;
                case < 13:
                    End();
                    break;
                case 13 or 14:
                    Repeat();
                    break;
                case 15:
                    Refuse();
                    break;
                case 16:
                    Follow();
                    break;
                case 17:
                    _rig.Log.Roll();
                    break;
                case 18:
                    Truncate();
                    break;
                case 19:
                    Reopen(clean: true);
                    break;
                case 20:
                    Reopen(clean: false);
                    break;
                case 21:
                    _rig.Log.Flush();
                    break;
                case 22:
                    if (_deletes) Delete();
                    break;
                default:
                    _committed = _random.NextInt64(_committed, _end + 1);
                    _rig.Log.AdvanceCommittedEnd(_committed);
                    break;
            }
        }

        private Dictionary<long, Known> States()
        {
            var states = new Dictionary<long, Known>();
            foreach (Item item in _log)
            {
                if (!states.TryGetValue(item.Producer, out Known? known)) states[item.Producer] = known = new Known();
                if (known.Epoch != item.Epoch) (known.Epoch, known.Batches) = (item.Epoch, []);
                if (item.IsMarker)
                {
                    (known.CoordinatorEpoch, known.Start) = (item.CoordinatorEpoch, -1);
                    continue;
                }

                known.Batches.Add(item);
                if (known.Batches.Count > 5) known.Batches.RemoveAt(0);
                if (item.Kind == Kind.Transactional && known.Start < 0) known.Start = item.First;
            }

            return states;
        }

        private Item Next(long producer, int count)
        {
            Known? known = States().GetValueOrDefault(producer);
            bool newEpoch = known is null || _random.Next(12) == 0;
            short epoch = (short)((known?.Epoch ?? -1) + (newEpoch ? 1 : 0));
            int sequence = known is null ? _random.Next(3) == 0 ? int.MaxValue - _random.Next(4) : 0
                : newEpoch || known.Batches.Count == 0 ? 0 : ProducerSequence.Add(known.Batches[^1].LastSequence, 1);
            bool transactional = known?.Start >= 0 || (producer >= 3 && _random.Next(2) == 0);
            return new Item(transactional ? Kind.Transactional : Kind.Plain, producer, epoch, sequence, count, _end, -1);
        }

        private void Produce()
        {
            Item item = Next(_random.Next(6), _random.Next(1, 4));
            LogAppendResult result = _rig.Log.AppendAsLeader(Bytes(item), new LeaderEpoch(0));
            Assert.Equal((AppendStatus.Appended, _end), (result.Status, result.FirstOffset));
            Add(item);
        }

        private void End()
        {
            var open = States().Where(pair => pair.Value.Start >= 0 || _random.Next(8) == 0).ToList();
            if (open.Count == 0) return;
            (long producer, Known known) = open[_random.Next(open.Count)];
            if (_random.Next(10) == 0) _coordinatorEpoch++;
            var item = new Item(
                _random.Next(2) == 0 ? Kind.Commit : Kind.Abort, producer, (short)(known.Epoch + (_random.Next(6) == 0 ? 1 : 0)), -1, 1, _end, _coordinatorEpoch);
            Assert.Equal(AppendStatus.Appended, _rig.Log.AppendAsLeader(Bytes(item), new LeaderEpoch(0), AppendOrigin.Coordinator).Status);
            Add(item);
        }

        private void Repeat()
        {
            foreach (Known known in States().Values.Where(known => known.Batches.Count > 0))
            {
                for (int i = 0; i < known.Batches.Count; i++)
                {
                    Item item = known.Batches[i];
                    if (i < known.Batches.Count - 1 && item.First < _seenFrom) continue;
                    LogAppendResult result = _rig.Log.AppendAsLeader(Bytes(item), new LeaderEpoch(0));
                    Assert.Equal((AppendStatus.Duplicate, item.First, item.Last), (result.Status, result.FirstOffset, result.LastOffset));
                }
            }
        }

        private void Refuse()
        {
            foreach ((long producer, Known known) in States().Where(pair => pair.Value.Batches.Count > 0))
            {
                Item last = known.Batches[^1];
                Item gap = last with { Sequence = ProducerSequence.Add(last.LastSequence, 2), Count = 1 };
                Assert.Equal(AppendStatus.OutOfOrderSequence, _rig.Log.AppendAsLeader(Bytes(gap), new LeaderEpoch(0)).Status);
                if (known.Epoch == 0) continue;
                Item old = last with { Sequence = ProducerSequence.Add(last.LastSequence, 1), Epoch = (short)(known.Epoch - 1) };
                Assert.Equal(AppendStatus.InvalidProducerEpoch, _rig.Log.AppendAsLeader(Bytes(old), new LeaderEpoch(0)).Status);
                if (known.CoordinatorEpoch < 1) continue;
                var marker = new Item(Kind.Commit, producer, known.Epoch, -1, 1, 0, known.CoordinatorEpoch - 1);
                Assert.Equal(
                    AppendStatus.TransactionCoordinatorFenced, _rig.Log.AppendAsLeader(Bytes(marker), new LeaderEpoch(0), AppendOrigin.Coordinator).Status);
            }
        }

        private void Follow()
        {
            byte[] all = [];
            for (int i = _random.Next(1, 4); i > 0; i--)
            {
                Item item = Next(_random.Next(6), _random.Next(1, 3));
                byte[] bytes = Bytes(item);
                RecordBatchStamp.SetOffsetAndEpoch(bytes, _end, 0);
                all = [.. all, .. bytes];
                Add(item);
            }

            Assert.Equal(_end - 1, _rig.Log.AppendAsFollower(all).LastOffset);
        }

        private void Truncate()
        {
            if (_log.Count == 0) return;
            long offset = _log[_random.Next(_log.Count)].First;
            if (offset < _start) return;
            _rig.Log.TruncateTo(offset);
            _log.RemoveAll(item => item.Last >= offset);
            _end = offset;
            _committed = Math.Min(_committed, _end);
            // States may have come from a snapshot.
            _seenFrom = _end;
        }

        private void Delete()
        {
            _start = _random.NextInt64(_start, _end + 1);
            _committed = Math.Max(_committed, _start);
            _rig.Log.AdvanceCommittedEnd(_committed);
            _rig.Log.DeleteBefore(_start);
        }

        private void Reopen(bool clean)
        {
            long recoveryPoint = _rig.Log.RecoveryPoint;
            if (clean) _rig.Log.Close();
            else _rig.Log.Abandon(LogState.Failed);
            if (_deletes) DamageIndexes();
            else DamageSnapshots(clean);
            _rig.Load(clean, clean ? _end : recoveryPoint, _start);
            _seenFrom = _end;
            _rig.Log.AdvanceCommittedEnd(_committed);
        }

        private void DamageSnapshots(bool clean)
        {
            string[] snapshots = [.. Files(".snapshot")];
            // Without any at all, an orderly stop is taken for that of a log from before snapshots.
            string? kept = clean && snapshots.Length > 0 ? snapshots[_random.Next(snapshots.Length)] : null;
            foreach (string path in snapshots.Where(_ => _random.Next(2) == 0))
            {
                byte[] bytes = _rig.Disk.ReadAll(path);
                switch (_random.Next(5))
                {
                    case 0:
                        if (path != kept) _rig.Disk.DeleteFile(path);
                        break;
                    case 1:
                        bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
                        _rig.Disk.WriteAll(path, bytes);
                        break;
                    case 2:
                        _rig.Disk.WriteAll(path, bytes.AsSpan(0, _random.Next(bytes.Length)));
                        break;
                    case 3:
                        _rig.Disk.WriteAll(path, new byte[bytes.Length]);
                        break;
                    default:
                        break;
                }
            }
        }

        private void DamageIndexes()
        {
            foreach (string path in Files(".txnindex").Where(_ => _random.Next(2) == 0).ToList())
            {
                byte[] bytes = _rig.Disk.ReadAll(path);
                if (bytes.Length == 0) continue;
                byte[] noise = new byte[_random.Next(1, 200)];
                _random.NextBytes(noise);
                // Behind a wrong version, so that it cannot pass for entries.
                noise[0] = 1;
                _rig.Disk.WriteAll(path, _random.Next(3) switch
                {
                    0 => new byte[bytes.Length + TransactionIndex.EntrySize],
                    1 => bytes.AsSpan(0, bytes.Length - _random.Next(1, TransactionIndex.EntrySize)),
                    _ => noise,
                });
            }
        }

        private IEnumerable<string> Files(string suffix) => _rig.Disk.List(LogRig.Directory)
            .Where(entry => entry.Name.EndsWith(suffix, StringComparison.Ordinal)).Select(entry => $"{LogRig.Directory}/{entry.Name}");

        private void Check()
        {
            Dictionary<long, Known> states = States();
            Assert.Equal(_end, _rig.Log.LogEndOffset);
            Assert.Equal(
                states.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value.Epoch, pair.Value.CoordinatorEpoch, pair.Value.Start,
                    pair.Value.Batches.LastOrDefault()?.LastSequence ?? -1, pair.Value.Batches.LastOrDefault()?.Last ?? -1)),
                _rig.Log.ActiveProducers().OrderBy(producer => producer.ProducerId).Select(producer => (producer.ProducerId, producer.Epoch,
                    producer.CoordinatorEpoch, producer.TransactionStart, producer.LastSequence, producer.LastOffset)));
            CheckStableOffset();
            for (int i = 0; i < 3; i++) CheckAborted(_random.NextInt64(_start, _end + 1));
        }

        private void CheckStableOffset()
        {
            long stable = _committed;
            foreach ((long first, long last, _, _) in Transactions())
            {
                if (last < 0 || last >= _committed) stable = Math.Min(stable, first);
            }

            long actual = _rig.Log.LastStableOffset;
            Assert.InRange(actual, _start, _committed);
            Assert.Equal(Math.Max(stable, _start), actual);
        }

        private void CheckAborted(long offset)
        {
            long bound = _rig.Log.LastStableOffset;
            int maxBytes = _random.Next(1, 1000);
            LogReadResult read = _rig.Log.Read(offset, maxBytes, true, bound, withAborted: true);
            if (LogRig.Bytes(read.Slice) is not { } bytes) return;
            long last = -1;
            var batches = new RecordBatchEnumerator(bytes);
            while (batches.MoveNext()) last = batches.Current.LastOffset;
            if (last < 0) return;
            long first = new RecordBatchHeader(bytes).BaseOffset;
            HashSet<(long, long)> found = [.. (read.AbortedTransactions ?? []).Select(one => (one.ProducerId, one.FirstOffset))];
            foreach ((long start, long end, long producer, bool aborted) in Transactions().Where(one => one.Last >= 0))
            {
                // What a reader is told must cover what it got, and be true.
                if (aborted && start <= last && end >= offset) Assert.Contains((producer, start), found);
                if (!aborted) Assert.DoesNotContain((producer, start), found);
            }

            Assert.True(first <= offset);
        }

        private List<(long First, long Last, long Producer, bool Aborted)> Transactions()
        {
            var open = new Dictionary<long, long>();
            var all = new List<(long, long, long, bool)>();
            foreach (Item item in _log)
            {
                if (item.Kind == Kind.Transactional) open.TryAdd(item.Producer, item.First);
                else if (item.IsMarker && open.Remove(item.Producer, out long first)) all.Add((first, item.Last, item.Producer, item.Kind == Kind.Abort));
            }

            all.AddRange(open.Select(pair => (pair.Value, -1L, pair.Key, false)));
            return all;
        }

        private void Add(Item item)
        {
            _log.Add(item with { First = _end });
            _end += item.Count;
        }

        private static byte[] Bytes(Item item) => item.IsMarker
            ? Batches.Marker(item.Producer, item.Epoch, item.Kind == Kind.Commit, item.CoordinatorEpoch)
            : Batches.Of(item.Producer, item.Epoch, item.Sequence, item.Count, item.Kind == Kind.Transactional);
    }
}
