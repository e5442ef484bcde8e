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

    private static void Append(PartitionLog log, int records) => log.AppendAsLeader(Batches.Make(records), new LeaderEpoch(1));

    private void FailOn(string operation, string ending, int errno) => _disk.BeforeChange = (done, path) =>
    {
        if (done == operation && path.EndsWith(ending, StringComparison.Ordinal)) throw new StorageException(operation, path, errno);
    };

    private LogDirectory Open() => LogDirectory.Open(
        new LogDirectoryOptions { Path = "/data", BrokerId = new BrokerId(1), ClusterId = "c1", Failed = (_, e) => _failures.Add(e) },
        _disk, _time, new Random(1), NullLogger.Instance);
}
