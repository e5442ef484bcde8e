using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Retention;

/// <summary>Retention carried out on logs of a directory in memory, with crashes at every change of the disk.</summary>
public sealed class LogRetentionTests
{
    private static readonly TopicPartition Partition = new("t", 0);
    private static readonly LogConfig Config = LogConfig.Default with { RetentionMs = 60_000, FileDeleteDelayMs = 1000, SegmentMs = long.MaxValue };

    private InMemoryLogFileSystem _disk = new();
    private ManualTime _time = new();
    private readonly List<(long Start, int Segments)> _told = [];

    [Fact]
    public void Maintenance_SegmentsExpire_GoAndReadersAreToldWhereTheLogStarts()
    {
        using LogDirectory directory = Open();
        using var maintenance = new LogMaintenance(directory, new LogMaintenanceOptions { RetentionInterval = TimeSpan.FromSeconds(10) }, _time);
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        AppendSegment(log);
        _time.Advance(TimeSpan.FromSeconds(30));
        AppendSegment(log);
        Commit(log);
        LogReadResult held = log.Read(0, 1000, true, long.MaxValue);

        _time.Advance(TimeSpan.FromSeconds(41));

        Assert.Equal((3, 6, 2), (log.LogStartOffset, log.LogEndOffset, log.SegmentCount));
        Assert.Equal((3L, 2), Assert.Single(_told));
        Assert.Equal(LogReadStatus.OffsetOutOfRange, log.Read(2, 1000, true, long.MaxValue).Status);
        Assert.Equal(LogReadStatus.Ok, log.Read(3, 1000, true, long.MaxValue).Status);
        Assert.Equal(held.Slice!.Length, LogRig.Bytes(held.Slice)!.Length);
        Assert.DoesNotContain(_disk.List(log.Directory), file => file.Name.StartsWith("00000000000000000000.", StringComparison.Ordinal));

        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal((6, 6, 1, 0), (log.LogStartOffset, log.LogEndOffset, log.SegmentCount, log.SizeInBytes));
    }

    [Fact]
    public void RunRetention_ActiveSegmentExpired_IsRolledAndGoesAndTheLogTakesAppends()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        Append(log, 3);
        Commit(log);
        Expire(directory);
        Assert.Equal((3, 3, 1), (log.LogStartOffset, log.LogEndOffset, log.SegmentCount));
        Assert.Equal(3, Append(log, 2).FirstOffset);
        Assert.Equal(new LeaderEpoch(1), log.EpochAt(3));
    }

    [Fact]
    public void RunRetention_BeyondTheCommittedEnd_Stays()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        for (int i = 0; i < 3; i++) AppendSegment(log);
        log.AdvanceCommittedEnd(5);
        Expire(directory);
        Assert.Equal((3, 9), (log.LogStartOffset, log.LogEndOffset));
    }

    [Fact]
    public void RunRetention_ConfigChangedMeanwhile_TheNewOneCounts()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config with { RetentionMs = -1 });
        for (int i = 0; i < 3; i++) AppendSegment(log);
        Commit(log);
        Expire(directory);
        Assert.Equal(0, log.LogStartOffset);
        log.UpdateConfig(Config with { RetentionMs = -1, RetentionBytes = 1 });
        directory.RunRetention(_time.GetUtcNow().ToUnixTimeMilliseconds());
        Assert.Equal(6, log.LogStartOffset);
        log.UpdateConfig(Config);
        directory.RunRetention(_time.GetUtcNow().ToUnixTimeMilliseconds());
        Assert.Equal(9, log.LogStartOffset);
    }

    [Fact]
    public void RunRetention_RecordsWithoutTime_FilesTimeCounts()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        log.AppendAsLeader(Batches.Make(3, timestamp: -1), new LeaderEpoch(1));
        log.Roll();
        Commit(log);
        long written = _disk.LastModifiedMs(log.Segments.All[0].File.Path);
        directory.RunRetention(written + 60_000);
        Assert.Equal(0, log.LogStartOffset);
        directory.RunRetention(written + 60_001);
        Assert.Equal(3, log.LogStartOffset);
    }

    [Fact]
    public void RunRetention_IndexesLostAfterRestart_AreRebuiltToJudge()
    {
        LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        for (int i = 0; i < 3; i++) AppendSegment(log);
        directory.Close(1);
        using LogDirectory again = Open();
        log = again.Find(Partition)!;
        Commit(log);
        _disk.WriteAll("/data/t-0/00000000000000000000.timeindex", [1, 2, 3]);
        Expire(again);
        Assert.Equal(9, log.LogStartOffset);
    }

    [Fact]
    public void RunRetention_DiskFull_SegmentsGoAllTheSame()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        for (int i = 0; i < 2; i++) AppendSegment(log);
        Append(log, 2);
        Commit(log);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation is "write" or "create") throw new StorageException(operation, path, 28);
        };
        Expire(directory);
        Assert.False(directory.IsOffline);
        Assert.Equal((8, 1), (log.LogStartOffset, log.SegmentCount));

        _disk.BeforeChange = null;
        Assert.True(log.SizeInBytes > 0);
        Expire(directory);
        Assert.Equal(0, log.SizeInBytes);
        _time.Advance(TimeSpan.FromSeconds(2));
        directory.RunDeletions();
        Assert.DoesNotContain(_disk.List(log.Directory), file => file.Name.EndsWith(".deleted", StringComparison.Ordinal));
    }

    [Fact]
    public void RunRetention_OneRenameFails_SegmentIsNotForgotten()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        for (int i = 0; i < 3; i++) AppendSegment(log);
        Commit(log);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "rename" && path.EndsWith("3.index", StringComparison.Ordinal)) throw new StorageException(operation, path, 28);
        };
        Expire(directory);
        Assert.Equal((9, 3), (log.LogStartOffset, log.SegmentCount));
        Assert.True(_disk.FileExists("/data/t-0/00000000000000000003.log"));
        _disk.BeforeChange = null;
        Expire(directory);
        Assert.Equal(1, log.SegmentCount);
    }

    [Fact]
    public void Open_SegmentsBelowTheStartWithAGap_LoseNothingAbove()
    {
        LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        for (int i = 0; i < 4; i++) AppendSegment(log);
        directory.Dispose();
        _disk.DeleteFile("/data/t-0/00000000000000000003.log");
        _disk.WriteAll("/data/log-start-offset-checkpoint", "0\n1\nt 0 9\n"u8);
        _disk.WriteAll("/data/recovery-point-offset-checkpoint", "0\n1\nt 0 0\n"u8);
        using LogDirectory again = Open();
        log = again.Find(Partition)!;
        Assert.Equal((9, 12), (log.LogStartOffset, log.LogEndOffset));
        again.RunRetention(0);
        Assert.Equal(2, log.SegmentCount);
    }

    [Theory]
    [InlineData(false, false, true, false)]
    [InlineData(false, true, true, false)]
    [InlineData(true, false, true, false)]
    [InlineData(true, true, true, false)]
    [InlineData(true, false, false, false)]
    [InlineData(true, true, false, false)]
    [InlineData(false, false, true, true)]
    [InlineData(true, false, false, true)]
    [InlineData(true, true, false, true)]
    public void RunRetention_CrashAtEveryChange_NothingElseIsLostAndTheNextRunFinishes(
        bool powerLoss, bool everything, bool namesKeepOrder, bool noRoomForLogStarts)
    {
        int changes = 0;
        for (int at = 1; ; at++)
        {
            _disk = new InMemoryLogFileSystem { NamesKeepOrder = namesKeepOrder };
            _time = new ManualTime();
            LogDirectory directory = Open();
            PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
            for (int i = 0; i < 4; i++) AppendSegment(log);
            if (!everything) _time.Advance(TimeSpan.FromMinutes(2));
            Append(log, 3);
            log.Flush();
            directory.Checkpoint();
            Commit(log);
            byte[][] records = ReadAll(log);
            if (noRoomForLogStarts) _disk.Faults.Add(new DiskFault("create", InMemoryLogFileSystem.NoSpace, Forever: true, PathContains: "log-start-offset-checkpoint"));
            bool crashed = CrashIn(at, () => Expire(directory, everything));
            _disk.Faults.Clear();
            directory.Dispose();
            if (powerLoss) _disk.LosePower(new Random(at));
            else _disk.Kill();

            long to = everything ? 15 : 12;
            using (LogDirectory again = Open())
            {
                log = again.Find(Partition)!;
                // Segments that go one by one leave any of them as the first.
                Assert.True(log.LogStartOffset is 0 or 3 or 6 or 9 || log.LogStartOffset == to || (noRoomForLogStarts && log.LogStartOffset == 12),
                    $"crash {at}: the log starts at {log.LogStartOffset}");
                Assert.Equal(15, log.LogEndOffset);
                Commit(log);
                Assert.Equal(records.Skip((int)log.LogStartOffset / 3), ReadAll(log));
                long before = log.LogStartOffset;
                Expire(again, everything);
                Assert.Equal((to, 1), (log.LogStartOffset, log.SegmentCount));
                Assert.InRange(before, 0, to);
                if (!crashed && !powerLoss) Assert.Equal(to, before);
            }

            if (!crashed) break;
            changes = at;
        }

        Assert.InRange(changes, 12, 100);
    }

    private static byte[][] ReadAll(PartitionLog log)
    {
        var batches = new List<byte[]>();
        for (long offset = log.LogStartOffset; offset < log.LogEndOffset; offset += 3)
            batches.Add(LogRig.Bytes(log.Read(offset, 1, true, long.MaxValue).Slice)!);
        return [.. batches];
    }

    private bool CrashIn(int change, Action run)
    {
        _disk.BeforeChange = (_, _) =>
        {
            if (change-- == 1) throw new CrashException();
        };
        try
        {
            run();
            return false;
        }
        catch (CrashException)
        {
            return true;
        }
        finally
        {
            _disk.BeforeChange = null;
        }
    }

    private void Expire(LogDirectory directory, bool everything = true)
    {
        if (everything) _time.Advance(TimeSpan.FromMinutes(2));
        directory.RunRetention(_time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private void AppendSegment(PartitionLog log)
    {
        Append(log, 3);
        log.Roll();
    }

    private LogAppendResult Append(PartitionLog log, int records) =>
        log.AppendAsLeader(Batches.Make(records, timestamp: _time.GetUtcNow().ToUnixTimeMilliseconds()), new LeaderEpoch(1));

    private static void Commit(PartitionLog log) => log.AdvanceCommittedEnd(log.LogEndOffset);

    private LogDirectory Open() => LogDirectory.Open(
        new LogDirectoryOptions
        {
            Path = "/data",
            BrokerId = new BrokerId(1),
            ClusterId = "c1",
            ConfigFor = _ => Config,
            LogStartRaised = log => _told.Add((log.LogStartOffset, log.SegmentCount)),
        },
        _disk, _time, new Random(1), NullLogger.Instance);

    private sealed class CrashException : Exception;
}
