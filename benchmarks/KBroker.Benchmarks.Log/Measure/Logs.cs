using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Benchmarks.Log.Measure;

/// <summary>Log directories on the disk, as the broker opens them.</summary>
internal static class Logs
{
    public static readonly LeaderEpoch Epoch = new(0);

    public static LogDirectory Open(string path, LogConfig? config = null) => LogDirectory.Open(
        new LogDirectoryOptions
        {
            Path = path,
            BrokerId = new BrokerId(0),
            ClusterId = "benchmarks",
            ConfigFor = _ => config ?? LogConfig.Default,
            RecoveryThreads = 2,
        },
        new PhysicalLogFileSystem(),
        TimeProvider.System,
        new Random(1),
        NullLogger.Instance);

    public static PartitionLog Create(LogDirectory directory, string topic, int partition = 0, LogConfig? config = null) =>
        directory.Create(new TopicPartition(topic, partition), Guid.NewGuid(), config ?? LogConfig.Default);

    /// <summary>Appends batches whose records follow each other by a millisecond, until the log has this size.</summary>
    public static void Fill(PartitionLog log, BatchSource batch, long bytes)
    {
        for (long i = 0; i < bytes / batch.Bytes.Length; i++)
        {
            batch.StartAt(1 + (i * batch.Records));
            if (log.AppendAsLeader(batch.Bytes, Epoch).Status != AppendStatus.Appended) throw new InvalidOperationException("not appended");
        }
    }
}
