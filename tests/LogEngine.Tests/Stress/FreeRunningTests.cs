using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Compaction;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Stress;

/// <summary>
/// One log, and all that can happen to it on threads of their own, as fast as they go: every reader sees offsets that rise, records as
/// they were appended and all of them that nothing may have taken; and at the end no handle is left.
/// </summary>
public sealed class FreeRunningTests
{
    private const int Idempotent = 3;
    private const long Transactional = 10;
    private const int Batches = 600;

    // Appends are faster than all the rest.
    private const int BatchesAScan = 8;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EverythingAtOnce_ReadersSeeAllThatIsToBeThere(bool compact) => new Run(compact).Go();

    private sealed class Run
    {
        private static readonly TopicPartition Partition = new("t", 0);

        private readonly InMemoryLogFileSystem _disk = new() { Clock = TimeProvider.System };
        private readonly bool _compact;
        private readonly LogConfig _config;
        private readonly List<StorageException> _failures = [];
        private readonly ConcurrentQueue<Exception> _errors = new();

        // What each record's value says, by offset: of whom the first to tell it is, whether producer or reader, the others agree.
        private readonly ConcurrentDictionary<long, string> _values = new();

        // Records that no other supersedes and no abort takes back, by offset, once their append is over.
        private readonly ConcurrentDictionary<long, string> _lasting = new();
        private readonly ConcurrentDictionary<long, bool> _aborted = new();
        private readonly ConcurrentQueue<(long Offset, bool Aborted)> _read = new();
        private LogDirectory _directory;
        private PartitionLog _log;
        private int _appending;
        private int _scans;
        private int _cleanings;

        public Run(bool compact)
        {
            _compact = compact;
            _config = LogConfig.Default with
            {
                SegmentBytes = 8000,
                IndexIntervalBytes = 300,
                SegmentIndexBytes = 4096,
                Compact = compact,
                MinCleanableDirtyRatio = 0,
                DeleteRetentionMs = 0,
                FileDeleteDelayMs = 0,
            };
            _directory = Open();
            _log = _directory.Create(Partition, Guid.Empty, _config);
        }

        public void Go()
        {
            _appending = Idempotent + 1;
            List<Thread> threads = [.. Enumerable.Range(0, Idempotent).Select(id => Runs(() => Append(id), appends: true)), Runs(AppendTransactions, appends: true)];
            for (int i = 0; i < 2; i++) threads.Add(Runs(Scan));
            threads.Add(Runs(ReadCommitted));
            threads.Add(Runs(() => Every(3, () => _log.AdvanceCommittedEnd(_log.LogEndOffset))));
            threads.Add(Runs(() => Every(40, _log.Roll)));
            threads.Add(Runs(() => Every(25, _log.Flush)));
            threads.Add(Runs(() => Every(30, _directory.Checkpoint)));
            threads.Add(Runs(() => Every(20, _directory.RunDeletions)));
            threads.Add(Runs(() => Every(200, DeleteRecords)));
            threads.Add(Runs(() => Every(150, Retain)));
            if (_compact) threads.Add(Runs(() => Every(20, Clean)));
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            if (_errors.TryDequeue(out Exception? error)) throw new InvalidOperationException(error.ToString(), error);
            Assert.Empty(_failures);
            CheckAll();
            foreach ((long offset, bool aborted) in _read) Assert.Equal((offset, _aborted[offset]), (offset, aborted));
            Assert.True(_scans > 20 && _read.Count > 10 && (_cleanings > 10 || !_compact), $"{_scans} scans, {_read.Count} reads, {_cleanings} cleanings");
            _directory.RunDeletions();
            Reopen();
            CheckAll();
            _directory.Close(1);
            Assert.Equal(0, _disk.OpenHandles);
        }

        private void Append(int id)
        {
            long last = -1;
            int sequence = 0;
            var random = new Random(id);
            for (int i = 0; i < Batches; i++)
            {
                List<(string Key, string Value)> records = [];
                for (int count = random.Next(1, 4); count > 0; count--)
                {
                    string value = string.Create(CultureInfo.InvariantCulture, $"{id}-{sequence + records.Count}");
                    // Every other one has a key that none else has.
                    records.Add((random.Next(2) == 0 ? "k" + random.Next(5) : value, value));
                }

                LogAppendResult result = _log.AppendAsLeader(Batch(records, id, sequence, transactional: false), new LeaderEpoch(0));
                Assert.Equal(AppendStatus.Appended, result.Status);
                Assert.True(result.FirstOffset > last, "a later append has an earlier offset");
                last = result.LastOffset;
                sequence += records.Count;
                if (i % BatchesAScan == 0) WaitForAScan();
                for (int j = 0; j < records.Count; j++)
                {
                    Tell(result.FirstOffset + j, records[j].Value);
                    if (!_compact || records[j].Key == records[j].Value) _lasting[result.FirstOffset + j] = records[j].Value;
                }
            }
        }

        private void AppendTransactions()
        {
            int sequence = 0;
            var random = new Random(99);
            for (int i = 0; i < Batches / 3; i++)
            {
                bool aborts = random.Next(2) == 0;
                if (i % BatchesAScan == 0) WaitForAScan();
                List<(long Offset, string Value)> written = [];
                for (int count = random.Next(1, 3); count > 0; count--)
                {
                    string value = string.Create(CultureInfo.InvariantCulture, $"t-{sequence}");
                    LogAppendResult result = _log.AppendAsLeader(Batch([(value, value)], Transactional, sequence++, transactional: true), new LeaderEpoch(0));
                    Assert.Equal(AppendStatus.Appended, result.Status);
                    Tell(result.FirstOffset, value);
                    _aborted[result.FirstOffset] = aborts;
                    written.Add((result.FirstOffset, value));
                }

                byte[] marker = new EndTransactionMarker(!aborts, 0).ToBatch(Transactional, 0, Now);
                Assert.Equal(AppendStatus.Appended, _log.AppendAsLeader(marker, new LeaderEpoch(0), AppendOrigin.Coordinator).Status);
                if (aborts) continue;
                foreach ((long offset, string value) in written) _lasting[offset] = value;
            }
        }

        private void WaitForAScan()
        {
            int scans = Volatile.Read(ref _scans);
            SpinWait.SpinUntil(() => Volatile.Read(ref _scans) != scans || !_errors.IsEmpty);
        }

        private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

        private static byte[] Batch(List<(string Key, string Value)> records, long producer, int sequence, bool transactional)
        {
            using var builder = new RecordBatchBuilder(new RecordBatchOptions
            {
                ProducerId = producer,
                ProducerEpoch = 0,
                BaseSequence = sequence,
                IsTransactional = transactional,
            });
            foreach ((string key, string value) in records) builder.Append(Now, Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
            return builder.ToArray();
        }

        // From the log start to the log end.
        private void Scan()
        {
            bool last = false;
            while (!last)
            {
                last = Volatile.Read(ref _appending) == 0;
                Dictionary<long, string> known = new(_lasting);
                HashSet<long> seen = ScanOnce();
                long start = _log.LogStartOffset;
                foreach ((long offset, string value) in known)
                    Assert.True(offset < start || seen.Contains(offset), $"{value} at {offset} is not there; the log starts at {start}");
                Interlocked.Increment(ref _scans);
            }
        }

        private HashSet<long> ScanOnce()
        {
            HashSet<long> seen = [];
            long offset = _log.LogStartOffset;
            long end = _log.LogEndOffset;
            while (offset < end)
            {
                LogReadResult read = _log.Read(offset, 700, minOneMessage: true, end);
                if (read.Status == LogReadStatus.OffsetOutOfRange)
                {
                    Assert.True(offset < read.LogStartOffset, $"{offset} is out of range, and the log starts at {read.LogStartOffset}");
                    offset = read.LogStartOffset;
                    continue;
                }

                if (LogRig.Bytes(read.Slice) is not { } bytes) break;
                offset = Check(bytes, offset, end, seen);
            }

            return seen;
        }

        // At the last stable offset, with the aborted transactions, each time from somewhere.
        private void ReadCommitted()
        {
            var random = new Random(7);
            while (Volatile.Read(ref _appending) > 0)
            {
                long bound = _log.LastStableOffset;
                long start = _log.LogStartOffset;
                if (bound <= start) continue;
                long offset = random.NextInt64(start, bound);
                LogReadResult read = _log.Read(offset, 2000, true, bound, withAborted: true);
                if (LogRig.Bytes(read.Slice) is not { } bytes) continue;
                Check(bytes, offset, bound, []);
                foreach (FoundBatch batch in CompactionWorld.Parse(Whole(bytes)))
                {
                    if (batch.IsControl || batch.Records.Count == 0 || batch.Records[0].Producer != Transactional) continue;
                    bool aborted = (read.AbortedTransactions ?? []).Any(one => one.ProducerId == Transactional && one.FirstOffset <= batch.First && one.LastOffset > batch.First);
                    _read.Enqueue((batch.First, aborted));
                }
            }
        }

        private long Check(byte[] bytes, long offset, long bound, HashSet<long> seen)
        {
            List<FoundBatch> batches = CompactionWorld.Parse(Whole(bytes));
            Assert.NotEmpty(batches);
            Assert.True(batches[0].Last >= offset && (batches[0].First <= offset || _compact), $"a read at {offset} begins with [{batches[0].First}, {batches[0].Last}]");
            long last = -1;
            foreach (FoundBatch batch in batches)
            {
                Assert.True(new RecordBatchHeader(batch.Bytes).IsCrcValid, $"the batch at {batch.First} is damaged");
                Assert.True(last < 0 || batch.First == last + 1 || (_compact && batch.First > last), $"{batch.First} follows {last}");
                Assert.True(batch.Last < bound, $"a read up to {bound} reaches {batch.Last}");
                last = batch.Last;
                foreach (KeyedRecord record in batch.Records)
                {
                    if (batch.IsControl) continue;
                    Tell(record.Offset, record.Value!);
                    seen.Add(record.Offset);
                }
            }

            return last + 1;
        }

        // A read may end within a batch.
        private static byte[] Whole(byte[] bytes)
        {
            int end = 0;
            var batches = new RecordBatchEnumerator(bytes);
            while (batches.MoveNext()) end += batches.CurrentBytes.Length;
            return bytes[..end];
        }

        private void Tell(long offset, string value)
        {
            string told = _values.GetOrAdd(offset, value);
            Assert.True(told == value, $"at {offset} is {value}, and was {told}");
        }

        private void DeleteRecords()
        {
            long start = _log.LogStartOffset;
            _log.AdvanceLogStartOffset(start + ((_log.CommittedEnd - start) / 3));
            _directory.SettleLogStarts([Partition]);
        }

        private void Retain()
        {
            _log.UpdateConfig(_config with { RetentionBytes = _log.SizeInBytes * 2 / 3 });
            _directory.RunRetention(Now);
        }

        private void Clean()
        {
            using var cleaner = new LogCleaner([_directory], static () => new LogCleanerOptions { DedupeBufferSize = 1 << 16 }, TimeProvider.System, NullLogger.Instance);
            if (cleaner.CleanOnce()) _cleanings++;
            Assert.Null(_log.Compaction.Uncleanable);
        }

        private void CheckAll()
        {
            HashSet<long> seen = ScanOnce();
            long start = _log.LogStartOffset;
            Assert.All(_lasting.Where(record => record.Key >= start), record => Assert.Contains(record.Key, seen));
            Assert.True(start > 0 && seen.Count > 0, $"the log starts at {start} and holds {seen.Count}");
        }

        private void Reopen()
        {
            _directory.Dispose();
            Assert.Equal(0, _disk.OpenHandles);
            _disk.Kill();
            _directory = Open();
            _log = _directory.Find(Partition)!;
        }

        // Does something each time the log has grown by so much, until nobody appends.
        private void Every(long records, Action action)
        {
            for (long next = records; Volatile.Read(ref _appending) > 0; next = _log.LogEndOffset + records)
            {
                SpinWait.SpinUntil(() => _log.LogEndOffset >= next || Volatile.Read(ref _appending) == 0);
                action();
            }
        }

        private Thread Runs(Action action, bool appends = false) => new(() =>
        {
            try
            {
                action();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                _errors.Enqueue(e);
            }

            if (appends) Interlocked.Decrement(ref _appending);
        });

        private LogDirectory Open() => LogDirectory.Open(
            new LogDirectoryOptions
            {
                Path = "/data",
                BrokerId = new BrokerId(1),
                ClusterId = "c1",
                RecoveryThreads = 1,
                Budget = new StorageBudget(3, 2000),
                Failed = (_, failure) => _failures.Add(failure),
                ConfigFor = _ => _config,
            },
            _disk,
            TimeProvider.System,
            new Random(1),
            NullLogger.Instance);
    }
}
