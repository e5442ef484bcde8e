using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests;

/// <summary>What a fault of the disk or a race may take with it, and what not.</summary>
public sealed class FaultTests
{
    private static readonly TopicPartition Partition = new("t", 0);

    private readonly InMemoryLogFileSystem _disk = new();
    private readonly ManualTime _time = new();
    private readonly List<StorageException> _failures = [];

    [Theory]
    [InlineData("write", 28, true)]
    [InlineData("write", 122, true)]
    [InlineData("write", 24, false)]
    [InlineData("flush", 28, false)]
    [InlineData("flush directory", 122, false)]
    [InlineData("open", 24, true)]
    [InlineData("create", 23, true)]
    [InlineData("open directory", 12, true)]
    [InlineData("open", 5, false)]
    public void MayPass_OperationAndErrno_DecideTogether(string operation, int errno, bool passes) =>
        Assert.Equal(passes, new StorageException(operation, "/x", errno).MayPass);

    [Theory]
    [InlineData(5)]
    [InlineData(28)]
    [InlineData(122)]
    public void Flush_FailsWithAnyErrno_DirectoryGoesOffline(int errno)
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, LogConfig.Default);
        Append(log, 3);
        FailOn("flush", ".log", errno);
        Assert.Throws<StorageException>(log.Flush);
        Assert.True(directory.IsOffline);
        Assert.Equal(0, log.RecoveryPoint);
        Assert.True(log.Segments.NamesDirty);
    }

    [Fact]
    public void Flush_NoHandlesLeftToOpenWith_NextFlushCoversNames()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, LogConfig.Default);
        Append(log, 3);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "flush" && path == "/data") throw new StorageException("open directory", path, 24);
        };
        Assert.Throws<StorageException>(log.Flush);
        _disk.BeforeChange = null;
        Assert.False(directory.IsOffline);
        Assert.True(log.Segments.NamesDirty);
        log.Flush();
        Assert.False(log.Segments.NamesDirty);
        Assert.Equal(3, log.RecoveryPoint);
    }

    [Theory]
    [InlineData(".log")]
    [InlineData("/data/t-0")]
    public void Flush_LogDeletedMeanwhile_DirectoryStaysOnline(string at)
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, LogConfig.Default);
        Append(log, 3);
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation != "flush" || !path.EndsWith(at, StringComparison.Ordinal)) return;
            _disk.BeforeChange = null;
            directory.Delete(Partition);
            throw new StorageException("open directory", path, 2);
        };
        Assert.Throws<StorageException>(log.Flush);
        Assert.Throws<StorageException>(log.Flush);
        Assert.False(directory.IsOffline);
        Assert.Empty(_failures);
    }

    [Fact]
    public void RunDeletions_OneFails_OthersGoAndItIsTriedAgain()
    {
        var deletions = new DeferredDeletions(_disk, _time);
        foreach (string path in new[] { "/a", "/b", "/c" })
        {
            _disk.WriteAll(path, [1]);
            deletions.AddFile(path, 0);
        }

        FailOn("delete", "/a", 28);
        Assert.Throws<StorageException>(() => deletions.Run());
        Assert.True(_disk.FileExists("/a"));
        Assert.False(_disk.FileExists("/b") || _disk.FileExists("/c"));
        _disk.BeforeChange = null;
        deletions.Run();
        Assert.False(_disk.FileExists("/a"));
        Assert.Equal(0, deletions.Count);
    }

    [Fact]
    public void Maintenance_DiskFull_DeletionsAndOtherLogsGoOn()
    {
        using LogDirectory directory = Open();
        using var maintenance = new LogMaintenance(directory, new LogMaintenanceOptions(), _time);
        LogConfig config = LogConfig.Default with { FlushMs = 1 };
        PartitionLog[] logs = [.. Enumerable.Range(0, 3).Select(i => directory.Create(new TopicPartition("t", i), Guid.Empty, config))];
        foreach (PartitionLog log in logs) Append(log, 3);
        directory.Create(new TopicPartition("gone", 0), Guid.Empty, config);
        directory.Delete(new TopicPartition("gone", 0));
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation == "create" && path.StartsWith("/data/t-1/", StringComparison.Ordinal)) throw new StorageException(operation, path, 28);
        };
        _time.Advance(TimeSpan.FromSeconds(70));
        Assert.Equal([3, 0, 3], logs.Select(log => log.RecoveryPoint));
        Assert.DoesNotContain(_disk.List("/data"), entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
        Assert.False(directory.IsOffline);
    }

    [Fact]
    public void DisposeOfMaintenance_RunUnderWay_IsWaitedFor()
    {
        using LogDirectory directory = Open();
        var maintenance = new LogMaintenance(directory, new LogMaintenanceOptions(), _time);
        PartitionLog log = directory.Create(Partition, Guid.Empty, LogConfig.Default with { FlushMs = 1 });
        Append(log, 3);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        using var flushing = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        _disk.BeforeChange = (operation, path) =>
        {
            if (operation != "flush" || !path.EndsWith(".log", StringComparison.Ordinal)) return;
            flushing.Set();
            goOn.Wait();
        };
        var run = new Thread(maintenance.RunOnce);
        run.Start();
        flushing.Wait();
        long seen = -1;
        var stop = new Thread(() =>
        {
            maintenance.Dispose();
            seen = log.RecoveryPoint;
        });
        stop.Start();
        // Without the wait the other thread ends here, and has seen a log that is not flushed.
        Assert.False(stop.Join(TimeSpan.FromMilliseconds(100)));
        goOn.Set();
        stop.Join();
        run.Join();
        Assert.Equal(3, seen);
    }

    [Fact]
    public void Create_LeftoverDirectory_IsNotAdopted()
    {
        LogDirectory directory = Open();
        Append(directory.Create(Partition, Guid.Empty, LogConfig.Default), 3);
        directory.Dispose();
        byte[] left = _disk.ReadAll("/data/t-0/00000000000000000000.log");
        _disk.DeleteDirectory("/data/t-0");
        using LogDirectory again = Open();
        _disk.CreateDirectory("/data/t-0");
        _disk.WriteAll("/data/t-0/00000000000000000000.log", left);
        Assert.Equal(0, again.Create(Partition, Guid.Empty, LogConfig.Default).LogEndOffset);
        Assert.Single(_disk.List("/data"), entry => entry.Name.EndsWith("-stray", StringComparison.Ordinal));
    }

    [Fact]
    public void Delete_RenameFails_LogIsNotForgotten()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, LogConfig.Default);
        FailOn("rename", "t-0", 28);
        Assert.Throws<StorageException>(() => directory.Delete(Partition));
        Assert.Same(log, directory.Find(Partition));
        _disk.BeforeChange = null;
        Assert.True(directory.Delete(Partition));
        Assert.Null(directory.Find(Partition));
        Assert.False(directory.Delete(Partition));
    }

    [Fact]
    public void GetOrCreate_DirectoryOffline_OnlyNewPartitionsAreMade()
    {
        using LogDirectories all = LogDirectories.Open(
            [Options("/data"), Options("/more")], _disk, _time, new Random(1), NullLogger.Instance);
        PartitionLog log = all.GetOrCreate(Partition, Guid.Empty, LogConfig.Default, isNew: false);
        FailOn("write", ".log", 5);
        Assert.Throws<StorageException>(() => Append(log, 1));
        _disk.BeforeChange = null;
        Assert.Throws<StorageException>(() => all.GetOrCreate(new TopicPartition("o", 0), Guid.Empty, LogConfig.Default, isNew: false));
        Assert.True(all.GetOrCreate(new TopicPartition("n", 0), Guid.Empty, LogConfig.Default, isNew: true).IsOpen);
    }

    private static void Append(PartitionLog log, int records) => log.AppendAsLeader(Batches.Make(records), new LeaderEpoch(1));

    private void FailOn(string operation, string ending, int errno) => _disk.BeforeChange = (done, path) =>
    {
        if (done == operation && path.EndsWith(ending, StringComparison.Ordinal)) throw new StorageException(operation, path, errno);
    };

    private LogDirectory Open() => LogDirectory.Open(Options("/data"), _disk, _time, new Random(1), NullLogger.Instance);

    private LogDirectoryOptions Options(string path) =>
        new() { Path = path, BrokerId = new BrokerId(1), ClusterId = "c1", Failed = (_, e) => _failures.Add(e) };
}
