using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Directories;

public sealed class DiskSpaceTests
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;

    private readonly InMemoryLogFileSystem _disk = new();
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(1000 * GiB, GiB, 256 * MiB)]
    [InlineData(20 * GiB, GiB, 20 * GiB / 100)]
    [InlineData(64 * MiB, 64 * MiB / 20, 64 * MiB / 100)]
    [InlineData(0, 0, 0)]
    [InlineData(-1, 0, 0)]
    public void For_Automatic_IsAPartOfASmallDisk(long total, long low, long min) =>
        Assert.Equal(new DiskSpaceMarks(low, min), DiskSpaceMarks.ByDiskSize.For(total));

    [Fact]
    public void For_GivenMarks_CountWhateverTheDisk() => Assert.Equal(new DiskSpaceMarks(7, 0), new DiskSpaceMarks(7, 0).For(1));

    [Fact]
    public void Next_FreeSpaceGoesDownAndUp_LevelsFollowWithATenthBetween()
    {
        var marks = new DiskSpaceMarks(1000, 100);
        var level = DiskSpaceLevel.Ample;
        (long Free, DiskSpaceLevel Then)[] steps =
        [
            (1000, DiskSpaceLevel.Ample), (999, DiskSpaceLevel.Low), (1099, DiskSpaceLevel.Low), (1100, DiskSpaceLevel.Ample),
            (100, DiskSpaceLevel.Low), (99, DiskSpaceLevel.Exhausted), (109, DiskSpaceLevel.Exhausted), (110, DiskSpaceLevel.Low),
            (0, DiskSpaceLevel.Exhausted), (5000, DiskSpaceLevel.Ample),
        ];
        foreach ((long free, DiskSpaceLevel then) in steps)
        {
            level = marks.Next(level, free);
            Assert.Equal((free, then), (free, level));
        }
    }

    [Fact]
    public void Next_MarksOff_NeverChanges() => Assert.Equal(DiskSpaceLevel.Ample, new DiskSpaceMarks(0, 0).Next(DiskSpaceLevel.Ample, 0));

    [Fact]
    public void Maintenance_SpaceRunsShort_DirectoryTakesNoGrowthUntilItReturns()
    {
        using LogDirectory directory = Open("/data");
        using LogMaintenance maintenance = Maintain(directory);
        PartitionLog log = directory.Create(new TopicPartition("t", 0), Guid.Empty, LogConfig.Default);
        for (int i = 0; i < 2; i++)
        {
            Append(log);
            log.Roll();
        }

        SetFree(500);
        Assert.Equal(DiskSpaceLevel.Low, log.SpaceLevel);
        Append(log);

        SetFree(50);
        StorageException refused = Assert.Throws<StorageException>(() => Append(log));
        Assert.True(refused.MayPass);
        byte[] replicated = Batches.Make(1);
        KBroker.Protocol.Records.RecordBatchStamp.SetOffsetAndEpoch(replicated, 9, 1);
        Assert.Throws<StorageException>(() => log.AppendAsFollower(replicated));
        Assert.Throws<StorageException>(() => directory.Create(new TopicPartition("n", 0), Guid.Empty, LogConfig.Default));
        Assert.Equal((9, 9), (log.LogEndOffset, LastRead(log)));

        log.DeleteBefore(6);
        Assert.Contains(_disk.List(log.Directory), file => file.Name.EndsWith(".deleted", StringComparison.Ordinal));
        SetFree(50);
        Assert.DoesNotContain(_disk.List(log.Directory), file => file.Name.EndsWith(".deleted", StringComparison.Ordinal));

        SetFree(5000);
        Append(log);
        Assert.Equal(12, log.LogEndOffset);
        Assert.False(directory.IsOffline);
    }

    [Fact]
    public void Maintenance_SpaceRunsShort_RetentionDoesNotWaitForItsInterval()
    {
        using LogDirectory directory = Open("/data");
        using LogMaintenance maintenance = Maintain(directory);
        PartitionLog log = directory.Create(new TopicPartition("t", 0), Guid.Empty, LogConfig.Default with { RetentionMs = 60_000 });
        Append(log);
        log.AdvanceCommittedEnd(log.LogEndOffset);
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(0, log.LogStartOffset);
        SetFree(500);
        Assert.Equal(3, log.LogStartOffset);
    }

    [Fact]
    public void GetOrCreate_OneDirectoryShortOfSpace_NewLogsGoToTheOther()
    {
        using LogDirectories all = LogDirectories.Open([Options("/data"), Options("/more")], _disk, _time, new Random(1), NullLogger.Instance);
        _disk.Free = 500;
        all.All[0].MeasureSpace(new DiskSpaceMarks(1000, 100));
        for (int i = 0; i < 3; i++)
            Assert.StartsWith("/more/", all.GetOrCreate(new TopicPartition("t", i), Guid.Empty, LogConfig.Default).Directory, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(28)]
    public void GetOrCreate_OneDirectoryFailsAtIt_TheNextTakesTheLog(int errno)
    {
        using LogDirectories all = LogDirectories.Open([Options("/data"), Options("/more")], _disk, _time, new Random(1), NullLogger.Instance);
        _disk.BeforeChange = (operation, path) =>
        {
            if (path.StartsWith("/data/", StringComparison.Ordinal)) throw new StorageException(operation, path, errno);
        };
        PartitionLog log = all.GetOrCreate(new TopicPartition("t", 0), Guid.Empty, LogConfig.Default);
        _disk.BeforeChange = null;
        Assert.StartsWith("/more/", log.Directory, StringComparison.Ordinal);
        Assert.Equal(errno == 5, all.All[0].IsOffline);
        Assert.Null(all.All[0].Find(log.TopicPartition));
    }

    private static long LastRead(PartitionLog log)
    {
        long next = 0;
        while (LogRig.Bytes(log.Read(next, 1, true, long.MaxValue).Slice) is not null) next += 3;
        return next;
    }

    private LogMaintenance Maintain(LogDirectory directory) => new(
        directory,
        new LogMaintenanceOptions { SpaceMarks = () => new DiskSpaceMarks(1000, 100), InitialDelay = TimeSpan.FromHours(1), RetentionInterval = TimeSpan.FromHours(1) },
        _time);

    private void SetFree(long bytes)
    {
        _disk.Free = bytes;
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    private void Append(PartitionLog log) =>
        log.AppendAsLeader(Batches.Make(3, timestamp: _time.GetUtcNow().ToUnixTimeMilliseconds()), new LeaderEpoch(1));

    private LogDirectory Open(string path) => LogDirectory.Open(Options(path), _disk, _time, new Random(1), NullLogger.Instance);

    private static LogDirectoryOptions Options(string path) => new() { Path = path, BrokerId = new BrokerId(1), ClusterId = "c1" };
}
