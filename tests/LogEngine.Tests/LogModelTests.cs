using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Tests;

/// <summary>Random operations on a log, beside a list of batches that says what must be there.</summary>
public sealed class LogModelTests
{
    private const int Sequences = 60;
    private const int Steps = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void RandomOperations_AnySeed_LogEqualsModel(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Sequences; i++) new Run(new Random(random.Next())).Go();
    }

    private sealed record Batch(long First, long Last, long Timestamp, int Epoch, byte[] Bytes);

    private sealed class Run
    {
        private readonly Random _random;
        private readonly LogRig _rig;
        private List<Batch> _model = [];
        private long _start;
        private long _end;
        private int _epoch;

        public Run(Random random)
        {
            _random = random;
            _rig = new LogRig(LogConfig.Default with
            {
                SegmentBytes = random.Next(700, 3000),
                IndexIntervalBytes = random.Next(1, 400),
                SegmentIndexBytes = random.Next(3) == 0 ? 60 : 4096,
                FlushMessages = random.Next(4) == 0 ? 10 : long.MaxValue,
            });
        }

        public void Go()
        {
            for (int step = 0; step < Steps; step++)
            {
                Step();
                Assert.Equal((_start, _end), (_rig.Log.LogStartOffset, _rig.Log.LogEndOffset));
                Assert.True(_rig.Log.RecoveryPoint <= _end, "the recovery point lies beyond the log end");
                if (step % 10 == 9) CheckAll();
                else CheckRead(_random.NextInt64(_start, _end + 1));
            }

            CheckAll();
        }

        private void Step()
        {
            switch (_random.Next(20))
            {
                case < 10:
                    AppendAsLeader();
                    break;
                case 10:
                    AppendAsFollower();
                    break;
                case 11:
                    _rig.Log.Roll();
                    break;
                case 12:
                    Truncate(_model.Count == 0 ? _end : _model[_random.Next(_model.Count)].First);
                    break;
                case 13:
                    _start = _random.NextInt64(_start, _end + 1);
                    _rig.Log.DeleteBefore(_start);
                    break;
                case 14:
                    _rig.ReopenClean();
                    break;
                case 15:
                    _rig.ReopenUnclean();
                    break;
                case 16:
                    LosePower();
                    break;
                case 17:
                    _rig.Log.Flush();
                    Assert.Equal(_end, _rig.Log.RecoveryPoint);
                    break;
                case 18:
                    _epoch++;
                    break;
                default:
                    if (_random.Next(5) == 0) StartOver(_end + _random.Next(10));
                    break;
            }
        }

        private void AppendAsLeader()
        {
            int records = _random.Next(1, 6);
            long timestamp = 1000 + _random.Next(1000);
            byte[] batch = Batches.Make(records, _random.Next(100), timestamp, (byte)_random.Next(256));
            LogAppendResult result = _rig.Log.AppendAsLeader(batch, new LeaderEpoch(_epoch));
            Assert.Equal((AppendStatus.Appended, _end), (result.Status, result.FirstOffset));
            if (_rig.Log.FlushDueEnd >= result.NextOffset) _rig.Log.Flush();
            _model.Add(new Batch(_end, _end + records - 1, timestamp, _epoch, batch));
            _end += records;
        }

        private void AppendAsFollower()
        {
            byte[] all = [];
            for (int i = _random.Next(1, 4); i > 0; i--)
            {
                int records = _random.Next(1, 4);
                byte[] batch = Batches.Make(records, _random.Next(50), 1000 + _random.Next(1000));
                KBroker.Protocol.Records.RecordBatchStamp.SetOffsetAndEpoch(batch, _end, _epoch);
                _model.Add(new Batch(_end, _end + records - 1, Batches.MaxTimestamp(batch), _epoch, batch));
                _end += records;
                all = [.. all, .. batch];
            }

            Assert.Equal(_end - 1, _rig.Log.AppendAsFollower([.. all, .. new byte[_random.Next(60)]]).LastOffset);
        }

        private void Truncate(long offset)
        {
            _rig.Log.TruncateTo(offset);
            if (offset < _start) (_start, _model) = (offset, []);
            _model.RemoveAll(batch => batch.Last >= offset);
            _end = Math.Min(_end, offset);
        }

        private void StartOver(long offset)
        {
            _rig.Log.TruncateFullyAndStartAt(offset);
            (_start, _end, _model) = (offset, offset, []);
        }

        private void LosePower()
        {
            long durable = _rig.Log.RecoveryPoint;
            _rig.Log.Abandon(LogState.Failed);
            _rig.Disk.LosePower(_random.Next(2) == 0 ? _random : null);
            if (!_rig.Disk.DirectoryExists(LogRig.Directory)) _rig.Disk.CreateDirectory(LogRig.Directory);
            _rig.Load(clean: false, durable, _start);
            Assert.InRange(_rig.Log.LogEndOffset, Math.Max(durable, _start), Math.Max(_end, _start));
            // A log whose tail below its start is lost starts over there.
            if (_rig.Log.SizeInBytes == 0) _model.Clear();
            // What is left is a prefix of what was appended, in whole batches.
            _end = _rig.Log.LogEndOffset;
            Assert.True(_model.All(batch => batch.Last < _end || batch.First >= _end), "the log ends within a batch");
            _model.RemoveAll(batch => batch.First >= _end);
        }

        private void CheckAll()
        {
            for (long offset = _start; offset <= _end; offset++) CheckRead(offset);
            CheckEpochs();
            CheckTimestamps();
        }

        private void CheckRead(long offset)
        {
            int max = _random.Next(1, 400);
            bool minOne = _random.Next(2) == 0;
            long bound = _random.Next(2) == 0 ? long.MaxValue : _random.NextInt64(offset, _end + 1);
            int first = _model.FindIndex(batch => batch.Last >= offset);
            byte[]? read = _rig.Read(offset, max, minOne, bound);
            List<Batch> expected = first < 0 || offset >= bound ? [] : [.. _model.Skip(first).TakeWhile(batch => batch.Last < bound)];
            if (expected.Count == 0 || (!minOne && expected[0].Bytes.Length > max))
            {
                Assert.Null(read);
                return;
            }

            byte[] bytes = [.. expected.SelectMany(batch => batch.Bytes)];
            Assert.NotNull(read);
            Assert.InRange(read.Length, 1, minOne ? Math.Max(max, expected[0].Bytes.Length) : max);
            if (minOne) Assert.True(read.Length >= Math.Min(expected[0].Bytes.Length, bytes.Length));
            Assert.Equal(bytes[..read.Length], read);
        }

        private void CheckEpochs()
        {
            foreach (Batch batch in _model.Where(batch => batch.Last >= _start))
            {
                Assert.Equal(batch.Epoch, _rig.Log.EpochAt(Math.Max(batch.First, _start)).Value);
                long next = _model.Find(other => other.Epoch > batch.Epoch)?.First ?? _end;
                Assert.Equal(next, _rig.Log.EndOffsetFor(new LeaderEpoch(batch.Epoch)).EndOffset);
            }
        }

        private void CheckTimestamps()
        {
            List<Batch> readable = [.. _model.Where(batch => batch.Last >= _start)];
            long timestamp = 900 + _random.Next(1200);
            Batch? expected = readable.Find(batch => batch.Timestamp >= timestamp);
            TimestampOffset? found = _rig.Log.FindOffsetByTimestamp(timestamp);
            Assert.Equal(expected is null ? null : Math.Max(expected.First, _start), found?.Offset);
            Assert.Equal(expected?.Timestamp, found?.Timestamp);
            Batch? latest = readable.MaxBy(batch => batch.Timestamp);
            found = _rig.Log.FindMaxTimestamp();
            Assert.Equal(latest is null ? null : Math.Max(latest.First, _start), found?.Offset);
            Assert.Equal(latest?.Timestamp, found?.Timestamp);
        }
    }
}
