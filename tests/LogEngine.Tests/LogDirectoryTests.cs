using System.Text;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests;

public sealed class LogDirectoryTests
{
    private static readonly TopicPartition Partition = new("a.b_c-d", 3);
    private static readonly Guid TopicId = Uuid.Create(new Random(1));

    private const string Unique = "0123456789abcdef0123456789abcdef";

    private readonly InMemoryLogFileSystem _disk = new();
    private readonly ManualTime _time = new();
    private readonly List<StorageException> _failures = [];

    [Fact]
    public void CloseAndOpen_Partition_ComesBackWithIdAndRecords()
    {
        using (LogDirectory directory = Open())
        {
            Append(directory.Create(Partition, TopicId, LogConfig.Default), 3);
            directory.WriteHighWatermarks([KeyValuePair.Create(Partition, 2L)]);
            directory.Close(42);
        }

        Assert.Equal("{\"version\":0,\"brokerEpoch\":42}", Text(".kafka_cleanshutdown"));
        Assert.Equal("version=0\nbroker.id=1\ncluster.id=c1\n", Text("meta.properties"));
        Assert.Equal("0\n1\na.b_c-d 3 3\n", Text("recovery-point-offset-checkpoint"));
        Assert.Equal("0\n1\na.b_c-d 3 2\n", Text("replication-offset-checkpoint"));
        Assert.Equal($"version: 0\ntopic_id: {Uuid.Format(TopicId)}", Text("a.b_c-d-3/partition.metadata"));
        using LogDirectory again = Open();
        PartitionLog log = again.Find(Partition)!;
        Assert.Equal((3, TopicId, 3), (log.LogEndOffset, log.TopicId, log.RecoveryPoint));
        Assert.Equal(2, again.ReadHighWatermarks()[Partition]);
        Assert.False(_disk.FileExists("/data/.kafka_cleanshutdown"));
    }

    [Fact]
    public void Create_NameOfADeletedLog_KeepsNoHighWatermarkOfIt()
    {
        var other = new TopicPartition("other", 0);
        var gone = new TopicPartition("gone", 0);
        using LogDirectory directory = Open();
        foreach (TopicPartition partition in new[] { Partition, other, gone }) Append(directory.Create(partition, TopicId, LogConfig.Default), 3);
        directory.WriteHighWatermarks([KeyValuePair.Create(Partition, 2L), KeyValuePair.Create(other, 1L), KeyValuePair.Create(gone, 3L)]);
        directory.Delete(Partition);
        directory.Delete(gone);
        directory.Create(Partition, TopicId, LogConfig.Default);
        Assert.Equal([KeyValuePair.Create(other, 1L)], directory.ReadHighWatermarks());
    }

    [Fact]
    public void Open_LockedDirectory_SaysSo()
    {
        using LogDirectory directory = Open();
        Assert.Contains("locked", Assert.Throws<LogDirectoryException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version=0\nbroker.id=2\ncluster.id=c1\n", "broker.id=2")]
    [InlineData("version=0\nbroker.id=1\ncluster.id=other\n", "cluster.id=other")]
    [InlineData("version=1\nnode.id=9\ncluster.id=c1\n", "broker.id=9")]
    [InlineData("", "version")]
    [InlineData("\0\0\0", "not a text file")]
    [InlineData("version=0\nbroker.id=x\n", "not a number")]
    public void Open_ForeignOrGarbageMeta_IsRefused(string meta, string message)
    {
        Open().Dispose();
        _disk.WriteAll("/data/meta.properties", Encoding.UTF8.GetBytes(meta));
        Assert.Contains(message, Assert.Throws<LogDirectoryException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#\n#Mon Jan 01 00:00:00 UTC 2024\ncluster.id=c1\nversion=0\nbroker.id=1\n")]
    [InlineData("broker.id=1\ncluster.id=c1\n")]
    [InlineData("#\n#Mon Jan 01 00:00:00 UTC 2024\nnode.id=1\ndirectory.id=lElg6-6NSzmqGuKO9cTxMQ\nversion=1\ncluster.id=c1\n")]
    [InlineData("version : 0\r\nbroker.id = 1\r\ncluster.id = c1\r\n")]
    public void Open_MetaAsJavaWritesIt_IsRead(string meta)
    {
        Open().Dispose();
        _disk.WriteAll("/data/meta.properties", Encoding.UTF8.GetBytes(meta));
        Open().Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000_000)]
    public void Open_GarbageCheckpoints_LogIsRecovered(int length)
    {
        LogDirectory directory = Open();
        Append(directory.Create(Partition, TopicId, LogConfig.Default), 30);
        directory.Checkpoint();
        directory.Dispose();
        byte[] noise = new byte[length];
        new Random(length).NextBytes(noise);
        foreach (string name in new[] { "recovery-point-offset-checkpoint", "log-start-offset-checkpoint", "replication-offset-checkpoint", ".kafka_cleanshutdown" })
            _disk.WriteAll("/data/" + name, noise);
        _disk.WriteAll("/data/a.b_c-d-3/leader-epoch-checkpoint", noise);
        using LogDirectory again = Open();
        Assert.Equal(30, again.Find(Partition)!.LogEndOffset);
        Assert.Empty(again.ReadHighWatermarks());
    }

    [Theory]
    [InlineData(null, null, 40)]
    [InlineData("garbage", null, 40)]
    [InlineData("0\n1\na.b_c-d 3 30\n", null, 40)]
    [InlineData("0\n1\na.b_c-d 3 0\n", "0\n1\na.b_c-d 3 20\n", 40)]
    [InlineData("0\n1\na.b_c-d 3 0\n", null, 10)]
    [InlineData("0\n0\n", null, 10)]
    public void Open_GapBetweenSegmentsAfterAKill_EndsTheLogOnlyWhereTheDiskMayNotHoldIt(string? recoveryPoints, string? cleanedEnds, long end)
    {
        LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        for (int i = 0; i < 4; i++)
        {
            if (i > 0) log.Roll();
            Append(log, 10);
        }

        directory.Dispose();
        _disk.DeleteFile("/data/a.b_c-d-3/00000000000000000010.log");
        _disk.DeleteFile("/data/recovery-point-offset-checkpoint");
        if (recoveryPoints is not null) _disk.WriteAll("/data/recovery-point-offset-checkpoint", Encoding.UTF8.GetBytes(recoveryPoints));
        if (cleanedEnds is not null) _disk.WriteAll("/data/cleaner-offset-checkpoint", Encoding.UTF8.GetBytes(cleanedEnds));
        // Nor may the start after it, if a kill comes before anything else is written.
        for (int start = 0; start < 3; start++)
        {
            directory = Open();
            Assert.Equal(end, directory.Find(Partition)!.LogEndOffset);
            directory.Dispose();
            _disk.Kill();
        }
    }

    [Fact]
    public void DeleteRecords_CheckpointedStart_SurvivesKill()
    {
        LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        Append(log, 10);
        Assert.True(log.DeleteBefore(7));
        directory.WriteLogStarts();
        directory.Dispose();
        using LogDirectory again = Open();
        Assert.Equal((7, 10), (again.Find(Partition)!.LogStartOffset, again.Find(Partition)!.LogEndOffset));
    }

    [Fact]
    public void DeleteRecords_ManySegments_StartIsOnTheDiskBeforeAFileGoes()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        for (int i = 0; i < 5; i++)
        {
            Append(log, 10);
            log.Roll();
        }

        int changes = _disk.Changes;
        Assert.True(log.AdvanceLogStartOffset(35));
        Assert.Equal((changes, 6), (_disk.Changes, log.SegmentCount));
        var renamed = new List<string>();
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "rename") renamed.Add(path);
        };
        directory.SettleLogStarts([Partition]);
        _disk.BeforeChange = null;
        Assert.Equal("/data/log-start-offset-checkpoint.tmp", renamed[0]);
        Assert.Equal(("0\n1\na.b_c-d 3 35\n", 3), (Text("log-start-offset-checkpoint"), log.SegmentCount));
    }

    [Fact]
    public void DeleteRecords_NoRoomForTheStart_SegmentsGoAndItIsSaid()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        Append(log, 10);
        log.Roll();
        log.AdvanceLogStartOffset(10);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "create") throw new StorageException(operation, path, 28);
        };
        Assert.True(Assert.Throws<StorageException>(() => directory.SettleLogStarts([Partition])).MayPass);
        Assert.Equal((1, false), (log.SegmentCount, directory.IsOffline));
    }

    [Fact]
    public void Maintenance_IntervalsOfTheCheckpointsDiffer_EachIsWrittenByItsOwn()
    {
        using LogDirectory directory = Open();
        using var maintenance = new LogMaintenance(
            directory,
            new LogMaintenanceOptions { CheckpointInterval = TimeSpan.FromSeconds(100), LogStartCheckpointInterval = TimeSpan.FromSeconds(10) },
            _time);
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        Append(log, 10);
        log.Flush();
        log.AdvanceLogStartOffset(5);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(("0\n1\na.b_c-d 3 5\n", "0\n0\n"), (Text("log-start-offset-checkpoint"), Text("recovery-point-offset-checkpoint")));
        _time.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal("0\n1\na.b_c-d 3 10\n", Text("recovery-point-offset-checkpoint"));
    }

    [Fact]
    public void Delete_PartitionInUse_SliceStaysAndFilesGoLater()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        Append(log, 3);
        LogReadResult read = log.Read(0, 1000, true, long.MaxValue);
        Assert.True(directory.Delete(Partition));
        Assert.Null(directory.Find(Partition));
        Assert.False(_disk.DirectoryExists("/data/a.b_c-d-3"));
        Assert.Throws<StorageException>(() => Append(log, 1));
        PartitionLog fresh = directory.Create(Partition, Guid.Empty, LogConfig.Default);
        Assert.Equal(0, fresh.LogEndOffset);
        Assert.Single(_disk.List("/data"), entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
        directory.RunDeletions();
        Assert.Single(_disk.List("/data"), entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(61));
        directory.RunDeletions();
        Assert.DoesNotContain(_disk.List("/data"), entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
        Assert.Equal(read.Slice!.Length, LogRig.Bytes(read.Slice)!.Length);
    }

    [Fact]
    public void Open_OddDirectories_AreLeftAloneOrDeleted()
    {
        Open().Dispose();
        string[] kept = ["lost+found", "nonsense", "t-01", ".hidden", "remote-log-index-cache", "__cluster_metadata-0", "t-0." + Unique + "-future", "t-0." + Unique + "-stray"];
        foreach (string name in (string[])[.. kept, "t-0." + Unique + "-delete"])
        {
            _disk.CreateDirectory("/data/" + name);
            _disk.WriteAll($"/data/{name}/00000000000000000000.log", Batches.Make(2));
        }

        using LogDirectory directory = Open();
        Assert.Empty(directory.Logs);
        directory.RunDeletions();
        Assert.Equal(9, _disk.List("/data").Count(entry => entry.IsDirectory));
        _time.Advance(TimeSpan.FromSeconds(61));
        directory.RunDeletions();
        Assert.Equal(kept.Order(), _disk.List("/data").Where(entry => entry.IsDirectory).Select(entry => entry.Name).Order());
        Assert.All(kept, name => Assert.Equal(Batches.Make(2), _disk.ReadAll($"/data/{name}/00000000000000000000.log")));
    }

    [Fact]
    public void SetAside_Log_KeepsItsFilesAndFreesItsName()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        Append(log, 3);
        byte[] bytes = _disk.ReadAll(log.Directory + "/00000000000000000000.log");
        Assert.True(directory.SetAside(Partition));
        Assert.False(directory.SetAside(Partition));
        Assert.Equal(0, directory.Create(Partition, TopicId, LogConfig.Default).LogEndOffset);
        _time.Advance(TimeSpan.FromSeconds(61));
        directory.RunDeletions();
        string stray = Assert.Single(_disk.List("/data"), entry => entry.Name.EndsWith("-stray", StringComparison.Ordinal)).Name;
        Assert.Equal(bytes, _disk.ReadAll($"/data/{stray}/00000000000000000000.log"));
    }

    [Theory]
    [InlineData(true, "-stray")]
    [InlineData(false, "-delete")]
    public void Create_DirectoryOfNoLogHasTheName_ItsRecordsAreKept(bool hasRecords, string suffix)
    {
        using LogDirectory directory = Open();
        _disk.CreateDirectory("/data/a.b_c-d-3");
        _disk.WriteAll("/data/a.b_c-d-3/00000000000000000000.log", hasRecords ? Batches.Make(2) : []);
        Assert.Equal(0, directory.Create(Partition, TopicId, LogConfig.Default).LogEndOffset);
        Assert.Single(_disk.List("/data"), entry => entry.Name.EndsWith(suffix, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Create_NameOfADeletedLog_NoCheckpointOfThatOneIsAppliedToIt(bool setAside, bool restart)
    {
        LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        for (int i = 0; i < 5; i++)
        {
            Append(log, 10);
            log.Roll();
        }

        log.Flush();
        log.DeleteBefore(35);
        directory.Checkpoint();
        if (setAside) directory.SetAside(Partition);
        else directory.Delete(Partition);
        if (restart)
        {
            directory.Dispose();
            directory = Open();
        }

        log = directory.Create(Partition, TopicId, LogConfig.Default);
        Append(log, 10);
        directory.Dispose();
        using LogDirectory again = Open();
        log = again.Find(Partition)!;
        Assert.Equal((0, 10, 0), (log.LogStartOffset, log.LogEndOffset, log.RecoveryPoint));
    }

    [Fact]
    public void DeleteAndCreate_ManyLogs_EachCheckpointIsWrittenOnce()
    {
        using LogDirectory directory = Open();
        TopicPartition[] partitions = [.. Enumerable.Range(0, 50).Select(i => new TopicPartition("many", i))];
        foreach (TopicPartition partition in partitions) Append(directory.Create(partition, TopicId, LogConfig.Default), 10);
        foreach (TopicPartition partition in partitions) directory.Find(partition)!.Flush();
        foreach (TopicPartition partition in partitions) directory.Find(partition)!.DeleteBefore(5);
        directory.Checkpoint();
        var written = new List<string>();
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "create" && path.EndsWith(".tmp", StringComparison.Ordinal) && Path.GetDirectoryName(path) == "/data") written.Add(path);
        };
        foreach (TopicPartition partition in partitions) directory.Delete(partition);
        foreach (TopicPartition partition in partitions) directory.Create(partition, TopicId, LogConfig.Default);
        _disk.BeforeChange = null;
        Assert.Equal(["/data/log-start-offset-checkpoint.tmp", "/data/recovery-point-offset-checkpoint.tmp"], written.Order());
    }

    [Fact]
    public void Open_LongTopicSetAside_NameFitsAFileName()
    {
        var partition = new TopicPartition(new string('t', 249), 12345);
        using LogDirectory directory = Open();
        Append(directory.Create(partition, TopicId, LogConfig.Default), 1);
        Assert.True(directory.SetAside(partition));
        Assert.All(_disk.List("/data"), entry => Assert.InRange(entry.Name.Length, 1, 255));
    }

    [Fact]
    public void Append_FailedWrite_TakesDirectoryOfflineForGood()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        PartitionLog other = directory.Create(new TopicPartition("o", 0), TopicId, LogConfig.Default);
        Append(log, 3);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "write") throw new StorageException(operation, path, 5);
        };
        Assert.Throws<StorageException>(() => Append(log, 1));
        _disk.BeforeChange = null;
        Assert.True(directory.IsOffline);
        Assert.Single(_failures);
        Assert.Throws<StorageException>(() => Append(log, 1));
        Assert.Throws<StorageException>(() => Append(other, 1));
        Assert.Equal(3, log.LogEndOffset);
        directory.Close(1);
        Assert.False(_disk.FileExists("/data/.kafka_cleanshutdown"));
    }

    [Fact]
    public void Append_FullDisk_FailsAloneAndRecovers()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        Append(log, 3);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation is "write") throw new StorageException(operation, path, 28);
        };
        Assert.True(Assert.Throws<StorageException>(() => Append(log, 1)).IsNoSpace);
        _disk.BeforeChange = null;
        Append(log, 2);
        Assert.False(directory.IsOffline);
        Assert.Equal(5, log.LogEndOffset);
    }

    [Fact]
    public void Flush_Fails_NotRepeatedAndOffline()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "flush") throw new StorageException(operation, path, 5);
        };
        Append(log, 1);
        Assert.Throws<StorageException>(log.Flush);
        _disk.BeforeChange = null;
        Assert.Throws<StorageException>(log.Flush);
        Assert.True(directory.IsOffline);
        Assert.Equal(0, log.RecoveryPoint);
    }

    [Fact]
    public void Maintenance_TimePasses_FlushesAndCheckpointsAndDeletes()
    {
        using LogDirectory directory = Open();
        using var maintenance = new LogMaintenance(directory, new LogMaintenanceOptions(), _time);
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default with { FlushMs = 5000 });
        Append(log, 3);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, log.RecoveryPoint);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(3, log.RecoveryPoint);
        Append(log, 2);
        log.Roll();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(5, log.RecoveryPoint);
        Assert.Equal("0\n0\n", Text("recovery-point-offset-checkpoint"));
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("0\n1\na.b_c-d 3 5\n", Text("recovery-point-offset-checkpoint"));
        log.DeleteBefore(5);
        Assert.Contains(_disk.List(log.Directory), entry => entry.Name == "00000000000000000000.log.deleted");
        _time.Advance(TimeSpan.FromSeconds(62));
        Assert.DoesNotContain(_disk.List(log.Directory), entry => entry.Name.EndsWith(".deleted", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Maintenance_ClockIsSet_FlushesAndDeletesWhenTheTimeHasPassed(int hours)
    {
        using LogDirectory directory = Open();
        using var maintenance = new LogMaintenance(directory, new LogMaintenanceOptions(), _time);
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default with { FlushMs = 5000 });
        Append(log, 3);
        _time.Ahead = TimeSpan.FromHours(hours);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, log.RecoveryPoint);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(3, log.RecoveryPoint);

        log.Roll();
        log.DeleteBefore(3);
        directory.Create(new TopicPartition("gone", 0), TopicId, LogConfig.Default);
        directory.Delete(new TopicPartition("gone", 0));
        _time.Ahead *= 2;
        _time.Advance(TimeSpan.FromSeconds(58));
        Assert.Contains(_disk.List(log.Directory), entry => entry.Name.EndsWith(".deleted", StringComparison.Ordinal));
        Assert.Contains(_disk.List("/data"), entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.DoesNotContain(_disk.List(log.Directory), entry => entry.Name.EndsWith(".deleted", StringComparison.Ordinal));
        Assert.DoesNotContain(_disk.List("/data"), entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Append_ClockIsSetAndRecordsHaveNoTime_RollsWhenTheSegmentIsOldEnough(int hours)
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, TopicId, LogConfig.Default with { SegmentMs = 60_000 });
        void AppendWithoutTime() => log.AppendAsLeader(Batches.Make(1, timestamp: -1), new LeaderEpoch(1));
        AppendWithoutTime();
        _time.Ahead = TimeSpan.FromHours(hours);
        _time.Advance(TimeSpan.FromSeconds(50));
        AppendWithoutTime();
        Assert.Single(log.SegmentStarts());
        _time.Advance(TimeSpan.FromSeconds(20));
        AppendWithoutTime();
        Assert.Equal(2, log.SegmentStarts().Count);
    }

    [Fact]
    public void RunDeletions_DelayWithoutEnd_NothingGoes()
    {
        using LogDirectory directory = Open();
        directory.Create(Partition, TopicId, LogConfig.Default with { FileDeleteDelayMs = long.MaxValue });
        directory.Delete(Partition);
        directory.RunDeletions();
        Assert.Contains(_disk.List("/data"), entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
    }

    private static void Append(PartitionLog log, int records) => log.AppendAsLeader(Batches.Make(records), new LeaderEpoch(1));

    private LogDirectory Open() => LogDirectory.Open(
        new LogDirectoryOptions { Path = "/data", BrokerId = new BrokerId(1), ClusterId = "c1", Failed = (_, e) => _failures.Add(e) },
        _disk, _time, new Random(1), NullLogger.Instance);

    private string Text(string name) => Encoding.UTF8.GetString(_disk.ReadAll("/data/" + name));
}
