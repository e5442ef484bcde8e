using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>A log directory on a disk in memory, with its logs and what they must hold, for crashes of the whole.</summary>
internal sealed class DirectoryWorld
{
    public const string Path = "/data";

    private readonly List<TrackedLog> _logs = [];

    /// <summary>Opens an empty directory, or what a crash left in it.</summary>
    public DirectoryWorld(InMemoryLogFileSystem disk, LogConfig? config = null)
    {
        Disk = disk;
        disk.Clock = Time;
        Config = config ?? LogConfig.Default with { SegmentBytes = 600, IndexIntervalBytes = 100, SegmentIndexBytes = 4096, FileDeleteDelayMs = 0 };
        Directory = Open();
    }

    public InMemoryLogFileSystem Disk { get; }

    public LogConfig Config { get; set; }

    /// <summary>The settings of topics that have their own.</summary>
    public Dictionary<string, LogConfig> Configs { get; } = [];

    public ManualTime Time { get; } = new();

    public List<StorageException> Failures { get; } = [];

    public LogDirectory Directory { get; private set; }

    public IReadOnlyList<TrackedLog> Logs => _logs;

    public LogConfig ConfigOf(TopicPartition partition) => Configs.GetValueOrDefault(partition.Topic, Config);

    public TrackedLog Create(int partition = 0, Guid topicId = default, string topic = "t")
    {
        var log = new TrackedLog(this, new TopicPartition(topic, partition));
        _logs.Add(log);
        Directory.Create(log.Partition, topicId, ConfigOf(log.Partition));
        log.IsCreated = true;
        return log;
    }

    /// <summary>The partition was deleted: what is left of it is of no account.</summary>
    public void Forget(TrackedLog log) => _logs.Remove(log);

    /// <summary>After a crash, or without one after <see cref="CloseClean"/>.</summary>
    public void Reopen() => Directory = Open();

    public void CloseClean() => Directory.Close(7);

    /// <summary>
    /// After a crash: opens, holds each log against its models, appends, and goes through an orderly restart and one without a mark.
    /// </summary>
    public void Recover(bool powerLoss)
    {
        Reopen();
        Settle(powerLoss);
        AppendAndVerify();
        CloseClean();
        Assert.Empty(Failures);
        Assert.True(Disk.FileExists(Path + "/" + CleanShutdownMarker.FileName), "the stop was not orderly");
        Reopen();
        AppendAndVerify();
        Directory.Dispose();
        Disk.Kill();
        Reopen();
        AppendAndVerify();
        foreach (TrackedLog log in _logs) AssertNoLeftovers(log.Log.Directory);
    }

    /// <summary>After a crash and the start that followed: holds each log against its models.</summary>
    public void Settle(bool powerLoss)
    {
        foreach (TrackedLog log in _logs.ToList())
        {
            // A partition whose creation was never flushed may be gone with the power.
            if (log.Log is not null) log.Settle(powerLoss);
            else if (!log.IsCreated || (powerLoss && log.Floor(true) == 0)) _logs.Remove(log);
            else Assert.Fail($"{log.Partition} is gone");
        }
    }

    private void AppendAndVerify()
    {
        foreach (TrackedLog log in _logs)
        {
            log.Verify();
            log.Epoch = Math.Max(log.Epoch, log.Log.LatestEpoch.Value);
            for (int i = 0; i < 3; i++) log.Append();
            log.Verify();
        }
    }

    private void AssertNoLeftovers(string directory)
    {
        Directory.RunDeletions();
        Assert.DoesNotContain(Disk.List(directory), entry => entry.Name.EndsWith(".tmp", StringComparison.Ordinal)
            || entry.Name.EndsWith(".deleted", StringComparison.Ordinal) || entry.Name.EndsWith(".swap", StringComparison.Ordinal)
            || entry.Name.EndsWith(".cleaned", StringComparison.Ordinal));
    }

    private LogDirectory Open() => LogDirectory.Open(
        new LogDirectoryOptions
        {
            Path = Path,
            BrokerId = new BrokerId(1),
            ClusterId = "c1",
            RecoveryThreads = 1,
            ConfigFor = topic => Configs.GetValueOrDefault(topic, Config),
            Failed = (_, e) => Failures.Add(e),
        },
        Disk,
        Time,
        new Random(1),
        NullLogger.Instance);
}
