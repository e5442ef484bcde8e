using System.Diagnostics;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests;

/// <summary>The start of a broker with many partitions, on the real disk.</summary>
public sealed class ManyLogsTests : IDisposable
{
    private const int Partitions = 2000;
    private const int BatchesOfEach = 6;

    private readonly string _root = Directory.CreateTempSubdirectory("kbroker-many-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Open_TwoThousandPartitions_CleanAndUncleanWithinTenSeconds()
    {
        LogConfig config = LogConfig.Default with { SegmentBytes = 2000, SegmentIndexBytes = 4096, IndexIntervalBytes = 500 };
        using (LogDirectory directory = Open(config, []))
        {
            for (int i = 0; i < Partitions; i++)
            {
                PartitionLog log = directory.Create(new TopicPartition("t", i), Guid.NewGuid(), config);
                for (int j = 0; j < BatchesOfEach; j++) log.AppendAsLeader(Batches.Make(2, 250), new LeaderEpoch(j / 3));
                Assert.Equal(2, log.SegmentCount);
            }

            // As a kill leaves it: nothing was flushed, and there is no mark of an orderly stop.
        }

        Check(config, "unclean", close: true);
        Check(config, "clean", close: false);
    }

    private void Check(LogConfig config, string kind, bool close)
    {
        var progress = new List<LogLoadProgress>();
        var watch = Stopwatch.StartNew();
        using LogDirectory directory = Open(config, progress);
        TimeSpan took = watch.Elapsed;
        Assert.True(took < TimeSpan.FromSeconds(10), $"the {kind} start took {took}");
        Assert.Equal(Enumerable.Range(1, Partitions), progress.Select(one => one.Loaded).Order());
        Assert.All(progress, one => Assert.Equal(Partitions, one.Total));
        Assert.Equal(Partitions, directory.Logs.Count);
        foreach (PartitionLog log in directory.Logs)
        {
            Assert.Equal((0, BatchesOfEach * 2, 2), (log.LogStartOffset, log.LogEndOffset, log.SegmentCount));
            Assert.Equal(2, log.Epochs.Count);
            if (log.TopicPartition.Partition % 100 == 0) Assert.Equal(BatchesOfEach, LogContents.Read(log).Count);
        }

        if (close) directory.Close(1);
    }

    private LogDirectory Open(LogConfig config, List<LogLoadProgress> progress) => LogDirectory.Open(
        new LogDirectoryOptions
        {
            Path = _root,
            BrokerId = new BrokerId(1),
            ClusterId = "c",
            ConfigFor = _ => config,
            Progress = one =>
            {
                lock (progress) progress.Add(one);
            },
        },
        new PhysicalLogFileSystem(),
        TimeProvider.System,
        new Random(1),
        NullLogger.Instance);
}
