using System.Globalization;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests;

/// <summary>
/// Random operations on two logs of a directory, one of them compacted, with producers and transactions, with crashes within any of them
/// and restarts, beside the model. <c>KBROKER_MODEL_SEED</c>
/// sets the first seed, <c>KBROKER_MODEL_SEQUENCES</c> how many sequences each of the four rows runs.
/// </summary>
public sealed class CrashModelTests
{
    private const int DefaultSequences = 1500;
    private const int Steps = 40;

    private static readonly CompressionCodecs Codecs = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomOperationsAndCrashes_AnySeed_LogsAreWhatTheModelAllows(int row)
    {
        int sequences = Setting("KBROKER_MODEL_SEQUENCES", DefaultSequences);
        int first = Setting("KBROKER_MODEL_SEED", 1) + (row * sequences);
        var done = new Tally();
        for (int seed = first; seed < first + sequences; seed++)
        {
            var run = new Run(seed);
            try
            {
                run.Go();
                done.Add(run.Done);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, after {run.Story}: {e.Message}", e);
            }
        }

        Assert.True(Math.Min(Math.Min(done.Produced, done.Ended), Math.Min(done.Retained, done.Compacted)) > sequences / 10, $"too little was done: {done}");
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    private sealed class Run
    {
        private readonly Random _random;
        // Kills, power losses, or now these and now those.
        private readonly int _kind;
        private bool _powerLosses;
        private readonly DirectoryWorld _world;
        private readonly List<string> _story = [];

        public Run(int seed)
        {
            _random = new Random(seed);
            _kind = seed % 3;
            LogConfig config = LogConfig.Default with
            {
                SegmentBytes = _random.Next(600, 1500),
                IndexIntervalBytes = _random.Next(1, 300),
                SegmentIndexBytes = _random.Next(3) == 0 ? 60 : 4096,
                FileDeleteDelayMs = 0,
            };
            _world = new DirectoryWorld(new InMemoryLogFileSystem(), config);
            _world.Configs["compacted"] = config with
            {
                Compact = true,
                Delete = _random.Next(3) == 0,
                MinCleanableDirtyRatio = 0,
                DeleteRetentionMs = _random.Next(3) * 500,
            };
        }

        public string Story => string.Join(", ", _story.TakeLast(15));

        /// <summary>How often each of these was done to some effect.</summary>
        public Tally Done { get; } = new();

        public void Go()
        {
            _world.Create(0, SomeId());
            _world.Create(0, SomeId(), "compacted");
            for (int step = 0; step < Steps && _world.Logs.Count > 0; step++)
            {
                TrackedLog log = _world.Logs[_random.Next(_world.Logs.Count)];
                if (_random.Next(7) == 0) CrashWithin(log);
                else Step(log);
                if (step % 6 == 5 && _world.Logs.Contains(log)) Verify(log);
            }

            foreach (TrackedLog log in _world.Logs) Verify(log);
            if (_random.Next(4) != 0) return;
            Stop();
            _world.Recover(_powerLosses);
        }

        private static void Verify(TrackedLog log)
        {
            log.Verify();
            log.VerifyProducers();
        }

        private void Step(TrackedLog log)
        {
            switch (_random.Next(30))
            {
                case < 5:
                    Tell("append", log);
                    log.Append(Keyed(log), AppendOrigin.Client);
                    break;
                case < 10:
                    Tell("produce", log);
                    log.Append(Produced(log), AppendOrigin.Client);
                    Done.Produced++;
                    break;
                case < 13:
                    End(log);
                    break;
                case 13 or 14:
                    Tell("follow", log);
                    log.AppendAsFollower([(log.Epoch, Keyed(log)), (log.Epoch, Produced(log)), (log.Epoch + 1, Keyed(log, log.Before.End))]);
                    log.Epoch++;
                    break;
                case 15:
                    Tell("roll", log);
                    log.Roll();
                    break;
                case 16:
                    Tell("flush", log);
                    log.Flush();
                    Assert.Equal(log.Before.End, log.Log.RecoveryPoint);
                    break;
                case 17:
                    Tell("checkpoint", log);
                    _world.Directory.Checkpoint();
                    break;
                case 18:
                    long cut = log.Before.Batches.Count == 0 ? log.Before.End : log.Before.Batches[_random.Next(log.Before.Batches.Count)].First;
                    Tell($"cut at {cut}", log);
                    log.TruncateTo(cut);
                    break;
                case 19:
                    long start = _random.NextInt64(log.Before.Start, log.Before.End + 1);
                    Tell($"start at {start}", log);
                    log.DeleteRecords(start);
                    break;
                case 20 when _random.Next(4) == 0:
                    Tell("start over", log);
                    log.StartOver(log.Before.End + _random.Next(-5, 10) is var offset and >= 0 ? offset : 0);
                    break;
                case 21:
                    Tell("deletions", log);
                    _world.Time.Advance(TimeSpan.FromMilliseconds(_random.Next(600)));
                    _world.Directory.RunDeletions();
                    break;
                case 22 when _random.Next(3) == 0:
                    Tell("restart", log);
                    _world.CloseClean();
                    _world.Reopen();
                    foreach (TrackedLog each in _world.Logs) each.Restarted();
                    break;
                case 23 or 24:
                    Retain(log);
                    break;
                case < 28:
                    Compact();
                    break;
                case 28:
                    Commit(log);
                    break;
                default:
                    log.Epoch++;
                    break;
            }
        }

        private void Commit(TrackedLog log)
        {
            long offset = _random.Next(3) > 0 || log.Before.Batches.Count == 0 ? log.Before.End : log.Before.Batches[_random.Next(log.Before.Batches.Count)].First;
            Tell($"commit to {offset}", log);
            log.Commit(offset);
        }

        private void Retain(TrackedLog log)
        {
            LogConfig config = _world.ConfigOf(log.Partition);
            if (_random.Next(4) > 0) log.Commit(log.Before.End);
            config = _random.Next(2) == 0
                ? config with { RetentionMs = _random.Next(800) }
                : config with { RetentionMs = -1, RetentionBytes = _random.Next(3000) };
            Tell($"retain {config.RetentionMs} ms, {config.RetentionBytes} bytes", log);
            long before = log.Before.Start;
            log.Retain(config, 1500 + _random.Next(1500));
            if (log.Before.Start > before) Done.Retained++;
        }

        private void Compact()
        {
            TrackedLog? log = _world.Logs.FirstOrDefault(log => log.Partition.Topic == "compacted");
            if (log is null) return;
            Tell("compact", log);
            if (_random.Next(2) == 0) log.Commit(log.Before.End);
            if (_random.Next(2) == 0) log.Roll();
            var options = new LogCleanerOptions
            {
                DedupeBufferSize = _random.Next(3) == 0 ? 1 : 1 << 16,
                LoadFactor = _random.Next(2) == 0 ? 0.05 : 0.9,
            };
            if (log.Compact(options)) Done.Compacted++;
        }

        private void End(TrackedLog log)
        {
            ActiveProducer[] open = [.. log.Log.ActiveProducers().Where(producer => producer.TransactionStart >= 0).OrderBy(producer => producer.ProducerId)];
            if (open.Length == 0) return;
            ActiveProducer producer = open[_random.Next(open.Length)];
            bool commit = _random.Next(2) == 0;
            Tell($"{(commit ? "commit" : "abort")} of {producer.ProducerId}", log);
            log.Append(Batches.Marker(producer.ProducerId, producer.Epoch, commit), AppendOrigin.Coordinator);
            Done.Ended++;
        }

        // What is below the log start may be remembered or not: only the log knows how its producers go on.
        private byte[] Produced(TrackedLog log)
        {
            long id = _random.Next(5);
            ActiveProducer known = log.Log.ActiveProducers().FirstOrDefault(
                producer => producer.ProducerId == id, new ActiveProducer(id, 0, -1, -1, -1, -1, -1));
            bool isNewEpoch = known.TransactionStart < 0 && _random.Next(10) == 0;
            return Keyed(log, options: new RecordBatchOptions
            {
                ProducerId = id,
                ProducerEpoch = (short)(known.Epoch + (isNewEpoch ? 1 : 0)),
                BaseSequence = isNewEpoch ? 0 : known.LastSequence + 1,
                IsTransactional = id >= 2,
            });
        }

        private byte[] Keyed(TrackedLog log, long timestamp = 0, RecordBatchOptions? options = null)
        {
            CompressionType codec = _random.Next(3) == 0 ? (CompressionType)_random.Next(1, 5) : CompressionType.None;
            using var builder = new RecordBatchBuilder((options ?? new RecordBatchOptions()) with { CompressionType = codec }, Codecs);
            for (int i = _random.Next(1, 5); i > 0; i--)
            {
                byte[]? value = _random.Next(5) == 0 ? null : new byte[_random.Next(60)];
                value.AsSpan().Fill((byte)('a' + (log.Before.End % 26)));
                builder.Append(1000 + timestamp + _random.Next(1000), [(byte)('0' + _random.Next(7))], value);
            }

            return builder.ToArray();
        }

        private void CrashWithin(TrackedLog log)
        {
            _world.Disk.CrashAfter(_random.Next(12), _random.NextDouble());
            try
            {
                while (!_world.Disk.HasCrashed && _random.Next(5) != 0) Step(log);
            }
            catch (Exception) when (_world.Disk.HasCrashed)
            {
                // Its world is gone.
            }

            Stop();
            _world.Reopen();
            _world.Settle(_powerLosses);
            foreach (TrackedLog each in _world.Logs) each.VerifyProducers();
        }

        private void Stop()
        {
            _powerLosses = _kind == 2 ? _random.Next(2) == 0 : _kind == 1;
            Tell(_powerLosses ? $"power loss at {_world.Disk.LastChange}" : $"kill at {_world.Disk.LastChange}");
            if (_powerLosses) _world.Disk.LosePower(_random.Next(3) == 0 ? null : _random);
            else _world.Disk.Kill();
        }

        private Guid SomeId() => _random.Next(2) == 0 ? Guid.Empty : Guid.NewGuid();

        private void Tell(string what, TrackedLog log) => Tell($"{what} ({log.Partition.Topic})");

        private void Tell(string what) => _story.Add(what);
    }

    private sealed class Tally
    {
        public int Produced { get; set; }

        public int Ended { get; set; }

        public int Retained { get; set; }

        public int Compacted { get; set; }

        public void Add(Tally other)
        {
            Produced += other.Produced;
            Ended += other.Ended;
            Retained += other.Retained;
            Compacted += other.Compacted;
        }

        public override string ToString() => $"{Produced} batches of producers, {Ended} ended transactions, {Retained} times retention, {Compacted} cleanings";
    }
}
