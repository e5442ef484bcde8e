using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests;

/// <summary>Appends that count as done only once they are on the disk, and the flushes they share.</summary>
public sealed class GroupCommitTests
{
    private static readonly LogConfig Durable = LogConfig.Default with { FlushEachAppend = true };

    private readonly InMemoryLogFileSystem _disk = new();
    private readonly ManualTime _time = new();
    private readonly List<StorageException> _failures = [];

    [Fact]
    public void RunFlushes_ManyAppends_ShareOneFlush()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        int before = _disk.FlushCount;
        for (int i = 0; i < 16; i++) Append(log, 2);
        Assert.Equal((33, 1), (log.FlushDueEnd, log.RecoveryPoint));
        directory.RunFlushes();
        Assert.Equal((33, before + 1), (log.RecoveryPoint, _disk.FlushCount));
    }

    [Fact]
    public void Append_FlushOfItUnderWay_IsCoveredByTheNext()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        var ends = new List<long>();
        log.Flushed = () => ends.Add(log.RecoveryPoint);
        int meanwhile = 3;
        _disk.BeforeChange = (operation, _) =>
        {
            if (operation == "flush" && meanwhile-- > 0) Append(log, 1);
        };
        Append(log, 1);
        directory.RunFlushes();
        Assert.Equal([2, 3, 4, 5], ends);
        Assert.Equal(5, log.LogEndOffset);
    }

    [Fact]
    public void RunFlushes_BusyLog_OthersGetTheirTurnAfterOneFlush()
    {
        using LogDirectory directory = Open();
        PartitionLog busy = Create(directory, 0);
        PartitionLog quiet = Create(directory, 1);
        var turns = new List<int>();
        int left = 5;
        busy.Flushed = () => turns.Add(0);
        quiet.Flushed = () => turns.Add(1);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "flush" && path.StartsWith(busy.Directory, StringComparison.Ordinal) && left-- > 0) Append(busy, 1);
        };
        Append(busy, 1);
        Append(quiet, 1);
        directory.RunFlushes();
        Assert.Equal([0, 1, 0, 0, 0, 0, 0], turns);
    }

    [Fact]
    public void Append_FlushMessages_OnlyTheOneThatReachesTheNumberIsDue()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(new TopicPartition("t", 0), Guid.Empty, LogConfig.Default with { FlushMessages = 10 });
        Append(log, 9);
        Assert.Equal(0, log.FlushDueEnd);
        Append(log, 1);
        Assert.Equal(10, log.FlushDueEnd);
        // The flush is under way or about to be: these count towards the next.
        Append(log, 9);
        Assert.Equal(10, log.FlushDueEnd);
        directory.RunFlushes();
        Assert.Equal(19, log.RecoveryPoint);
        Append(log, 9);
        Assert.Equal(10, log.FlushDueEnd);
        Append(log, 1);
        Assert.Equal(29, log.FlushDueEnd);
    }

    [Fact]
    public void AppendAsFollower_FlushEachAppend_IsDueToo()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        byte[] batch = Batches.Make(3);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(batch, 1);
        log.AppendAsFollower(batch);
        log.RequestFlush();
        Assert.Equal(4, log.FlushDueEnd);
        directory.RunFlushes();
        Assert.Equal(4, log.RecoveryPoint);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(28)]
    public void RunFlushes_FlushFails_LogEndsAndIsToldOnceAndNothingIsRepeated(int errno)
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        PartitionLog other = Create(directory, 1);
        bool? open = null;
        log.Flushed = () => open = log.IsOpen;
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "flush" && path.StartsWith(log.Directory, StringComparison.Ordinal)) throw new StorageException(operation, path, errno);
        };
        Append(log, 1);
        Append(other, 1);
        directory.RunFlushes();
        _disk.BeforeChange = null;
        log.RequestFlush();
        other.RequestFlush();
        int flushes = _disk.FlushCount;
        directory.RunFlushes();
        Assert.Equal((false, true, 1, 1), (open, directory.IsOffline, log.RecoveryPoint, other.RecoveryPoint));
        Assert.Equal(flushes, _disk.FlushCount);
        Assert.Single(_failures);
    }

    [Fact]
    public void RunFlushes_NoHandleToOpenWith_UpkeepAsksAgain()
    {
        using LogDirectory directory = Open();
        using var maintenance = new LogMaintenance(directory, new LogMaintenanceOptions(), _time);
        PartitionLog log = Create(directory, 0);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "flush" && path == "/data") throw new StorageException("open directory", path, 24);
        };
        log.Roll();
        Append(log, 1);
        directory.RunFlushes();
        Assert.Equal((1, true), (log.RecoveryPoint, log.IsOpen));
        _disk.BeforeChange = null;
        directory.RunFlushes();
        Assert.Equal(1, log.RecoveryPoint);
        _time.Advance(TimeSpan.FromSeconds(1));
        directory.RunFlushes();
        Assert.Equal(2, log.RecoveryPoint);
    }

    [Fact]
    public void RunFlushes_LogCutMeanwhile_CountsOnlyWhatIsLeft()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        Append(log, 1);
        Append(log, 1);
        bool cut = false;
        _disk.BeforeChange = (operation, _) =>
        {
            if (operation != "flush" || cut) return;
            cut = true;
            log.TruncateTo(2);
            Append(log, 1);
        };
        directory.RunFlushes();
        // The first flush may have covered what is gone; the appended record asked for another.
        Assert.Equal((3, 3), (log.LogEndOffset, log.RecoveryPoint));
        _disk.LosePower();
        Assert.Equal(3, Reopen().Find(log.TopicPartition)!.LogEndOffset);
    }

    [Fact]
    public void Flush_AnotherUnderWayFails_IsNotCountedThoughItsOwnCallSucceeds()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        Append(log, 1);
        Exception? second = null;
        var other = new Thread(() => second = Record.Exception(log.Flush));
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation != "flush") return;
            // The system tells the failure once: the second call on the file would return as if all were well.
            _disk.BeforeChange = null;
            other.Start();
            other.Join(TimeSpan.FromMilliseconds(100));
            throw new StorageException(operation, path, 5);
        };
        Assert.Throws<StorageException>(log.Flush);
        other.Join();
        Assert.IsType<StorageException>(second);
        Assert.Equal((1, true), (log.RecoveryPoint, directory.IsOffline));
    }

    [Fact]
    public void Flush_LogFailedMeanwhile_IsNotCounted()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        Append(log, 1);
        _disk.BeforeChange = (operation, _) =>
        {
            if (operation != "flush") return;
            _disk.BeforeChange = null;
            log.Fail(new StorageException("flush", "/data/t-0", 5));
        };
        Assert.Throws<StorageException>(log.Flush);
        Assert.Equal(1, log.RecoveryPoint);
    }

    [Fact]
    public void Flush_LogCutBeforeItBegins_EndsWithTheLog()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        for (int i = 0; i < 3; i++) Append(log, 1);
        long end = log.LogEndOffset;
        log.TruncateTo(2);
        log.Flusher.Flush(end);
        Assert.Equal((2, 2), (log.LogEndOffset, log.RecoveryPoint));
    }

    [Fact]
    public void TruncateTo_AppendThatWaits_IsStillDueAndNeverFlushed()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        Append(log, 4);
        log.TruncateTo(1);
        directory.RunFlushes();
        Assert.Equal((5, 1), (log.FlushDueEnd, log.RecoveryPoint));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_DirectoryBelowNewParents_SurvivesAPowerLossWithWhatIsFlushed(bool madeBefore)
    {
        if (madeBefore) RootDirectory.Create(_disk, "/a/b/logs");
        LogDirectoryOptions options = new() { Path = "/a/b/logs", BrokerId = new BrokerId(1), ClusterId = "c1", FlushThreads = 0 };
        PartitionLog log = Create(LogDirectory.Open(options, _disk, _time, new Random(1), NullLogger.Instance), 0);
        Assert.Equal(1, log.RecoveryPoint);
        _disk.LosePower();
        using LogDirectory again = LogDirectory.Open(options, _disk, _time, new Random(1), NullLogger.Instance);
        Assert.Equal(1, again.Find(log.TopicPartition)!.LogEndOffset);
    }

    [Fact]
    public void Flush_NewEpoch_WaitsForTheDiskWithoutTheGate()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Create(directory, 0);
        log.AppendAsLeader(Batches.Make(1), new LeaderEpoch(2));
        var held = new List<string>();
        _disk.BeforeChange = (operation, path) =>
        {
            if (log.Gate.IsHeldByCurrentThread) held.Add($"{operation} {path}");
        };
        log.Flush();
        Assert.Empty(held);
        Assert.Contains("2 1", System.Text.Encoding.UTF8.GetString(_disk.ReadAll("/data/t-0/leader-epoch-checkpoint")), StringComparison.Ordinal);
    }

    [Fact]
    public void LosePower_AtAnyPoint_EverythingBelowTheRecoveryPointIsThere()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            try
            {
                LoseAndCompare(seed);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}", e);
            }
        }
    }

    [Fact]
    public async Task RequestFlush_SixteenWritersOnTheRealDisk_EachWaitsForItsOwnAndFlushesAreShared()
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("kbroker-commit-");
        try
        {
            using LogDirectory directory = LogDirectory.Open(
                new LogDirectoryOptions { Path = root.FullName, BrokerId = new BrokerId(1), ClusterId = "c1" },
                new PhysicalLogFileSystem(), TimeProvider.System, new Random(1), NullLogger.Instance);
            PartitionLog[] logs = [.. Enumerable.Range(0, 3).Select(i => Create(directory, i))];
            int flushes = 0;
            using var moved = new SemaphoreSlim(0);
            foreach (PartitionLog log in logs)
            {
                log.Flushed = () =>
                {
                    Interlocked.Increment(ref flushes);
                    lock (moved) Monitor.PulseAll(moved);
                };
            }

            await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Factory.StartNew(
                () =>
                {
                    for (int i = 0; i < 50; i++)
                    {
                        PartitionLog log = logs[(writer + i) % logs.Length];
                        long end = log.AppendAsLeader(Batches.Make(1), new LeaderEpoch(1)).NextOffset;
                        log.RequestFlush();
                        lock (moved)
                        {
                            while (log.RecoveryPoint < end) Assert.True(Monitor.Wait(moved, TimeSpan.FromSeconds(30)), "nobody flushed");
                        }
                    }
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            Assert.Equal(803, logs.Sum(log => log.RecoveryPoint));
            Assert.InRange(flushes, 1, 799);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    [Fact]
    public void Dispose_FlushUnderWay_IsWaitedFor()
    {
        LogDirectory directory = Open(threads: 1);
        PartitionLog log = Create(directory, 0);
        using var flushing = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        _disk.BeforeChange = (operation, _) =>
        {
            if (operation != "flush") return;
            flushing.Set();
            goOn.Wait();
        };
        Append(log, 1);
        flushing.Wait();
        var stop = new Thread(directory.Dispose);
        stop.Start();
        Assert.False(stop.Join(TimeSpan.FromMilliseconds(100)));
        goOn.Set();
        stop.Join();
        Assert.Equal(2, log.RecoveryPoint);
    }

    private void LoseAndCompare(int seed)
    {
        var random = new Random(seed);
        var disk = new InMemoryLogFileSystem();
        LogConfig config = Durable with { SegmentBytes = random.Next(700, 2000), IndexIntervalBytes = random.Next(1, 300) };
        using LogDirectory directory = Open(disk, config);
        PartitionLog[] logs = [.. Enumerable.Range(0, 3).Select(i => directory.Create(new TopicPartition("t", i), Guid.Empty, config))];
        var batches = logs.ToDictionary(log => log.TopicPartition, _ => new List<(long First, byte[] Bytes)>());
        // The power goes before some operation on the disk, wherever that lies: in a roll, in a flush, between two.
        int left = random.Next(200);
        disk.BeforeChange = (operation, path) =>
        {
            if (left-- <= 0) throw new StorageException(operation, path, 5);
        };
        var done = new long[logs.Length];
        try
        {
            while (true)
            {
                int i = random.Next(logs.Length);
                byte[] batch = Batches.Make(random.Next(1, 4), random.Next(150), 1000, (byte)random.Next(256));
                LogAppendResult result = logs[i].AppendAsLeader(batch, new LeaderEpoch(random.Next(100) / 98));
                Assert.Equal(AppendStatus.Appended, result.Status);
                batches[logs[i].TopicPartition].Add((result.FirstOffset, batch));
                logs[i].RequestFlush();
                if (random.Next(5) == 0) directory.RunFlushes();
                if (random.Next(30) == 0) directory.Checkpoint();
                for (int j = 0; j < logs.Length; j++) done[j] = logs[j].RecoveryPoint;
            }
        }
        catch (StorageException)
        {
            for (int j = 0; j < logs.Length; j++) done[j] = Math.Max(done[j], logs[j].RecoveryPoint);
        }

        disk.BeforeChange = null;
        disk.LosePower(random);
        using LogDirectory again = Open(disk, config);
        for (int j = 0; j < logs.Length; j++)
        {
            PartitionLog? found = again.Find(logs[j].TopicPartition);
            if (done[j] == 0) continue;
            Assert.NotNull(found);
            Assert.True(found.LogEndOffset >= done[j], $"{found.TopicPartition} ends at {found.LogEndOffset}, {done[j]} was flushed");
            foreach ((long first, byte[] bytes) in batches[found.TopicPartition].Where(batch => batch.First < done[j]))
                Assert.Equal(bytes, LogRig.Bytes(found.Read(first, 1, true, long.MaxValue).Slice)!);
        }
    }

    /// <summary>A log of one record that is on the disk with all its names, so that the next flush is one of the file alone.</summary>
    private static PartitionLog Create(LogDirectory directory, int partition)
    {
        PartitionLog log = directory.Create(new TopicPartition("t", partition), Guid.Empty, Durable);
        // Asked of no thread: a turn that is still under way would be the flush that a test waits for.
        log.AppendAsLeader(Batches.Make(1), new LeaderEpoch(1));
        log.Flush();
        return log;
    }

    private static void Append(PartitionLog log, int records)
    {
        log.AppendAsLeader(Batches.Make(records), new LeaderEpoch(1));
        log.RequestFlush();
    }

    private LogDirectory Reopen()
    {
        _disk.BeforeChange = null;
        return Open();
    }

    private LogDirectory Open(int threads = 0) => LogDirectory.Open(
        new LogDirectoryOptions { Path = "/data", BrokerId = new BrokerId(1), ClusterId = "c1", FlushThreads = threads, Failed = (_, e) => _failures.Add(e) },
        _disk, _time, new Random(1), NullLogger.Instance);

    private LogDirectory Open(InMemoryLogFileSystem disk, LogConfig config) => LogDirectory.Open(
        new LogDirectoryOptions { Path = "/data", BrokerId = new BrokerId(1), ClusterId = "c1", FlushThreads = 0, ConfigFor = _ => config },
        disk, _time, new Random(1), NullLogger.Instance);
}
