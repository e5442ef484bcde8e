using KBroker.Broker.Configuration;
using KBroker.Broker.Partitions;
using KBroker.Controller.Metadata;
using KBroker.LogEngine;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Hosting;

/// <summary>The broker's log directories with their upkeep: flushes, checkpoints, deletion of files.</summary>
/// <remarks>Lifecycle: <see cref="Open"/>, <see cref="StartUpkeep"/> once the partitions are known, then close or dispose.</remarks>
internal sealed class BrokerStorage : IDisposable
{
    private readonly Func<LogDirConfig> _config;
    private readonly PartitionRegistry _partitions;
    private readonly TimeProvider _time;
    private readonly List<IDisposable> _upkeep = [];
    private readonly TaskCompletionSource<string> _failed;
    private readonly ILogger _cleanerLog;

    private BrokerStorage(LogDirectories logs, Func<LogDirConfig> config, PartitionRegistry partitions, BrokerPlatform platform, TaskCompletionSource<string> failed)
    {
        _failed = failed;
        Logs = logs;
        _config = config;
        _partitions = partitions;
        _time = platform.Time;
        _cleanerLog = platform.Loggers.CreateLogger<LogCleaner>();
    }

    /// <summary>The directories.</summary>
    public LogDirectories Logs { get; }

    /// <summary>Completes with the reason when the last directory is out of service: there is nothing left to serve.</summary>
    public Task<string> Failed => _failed.Task;

    /// <summary>Locks, checks and loads every directory, recovering what an unclean stop left.</summary>
    /// <exception cref="LogDirectoryException">A directory is locked, or another broker's or cluster's.</exception>
    /// <exception cref="StorageException">No directory can be used.</exception>
    public static BrokerStorage Open(
        Func<BrokerConfig> current, ClusterMetadataImage image, PartitionRegistry partitions, StorageBudget budget, BrokerPlatform platform)
    {
        BrokerConfig config = current();
        ILogger logger = platform.Loggers.CreateLogger<LogDirectories>();
        var failed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        BrokerStorage? storage = null;
        var progress = new LoadProgressLog(logger);
        LogDirectories logs = LogDirectories.Open(
            config.LogDirs.Directories.Select(path => new LogDirectoryOptions
            {
                Path = path,
                BrokerId = new BrokerId(config.NodeId),
                ClusterId = image.ClusterId,
                RecoveryThreads = config.LogDirs.RecoveryThreads,
                ConfigFor = topic => ConfigOf(topic, config, image),
                TopicIdFor = topic => image.TryGetTopic(topic, out TopicImage? found) ? found.Id : Guid.Empty,
                DeleteDelayMs = LogConfigs.From(config.TopicDefaults.Resolve(new Dictionary<string, string>())).FileDeleteDelayMs,
                Producers = new ProducerOptions
                {
                    Expiration = config.LogDirs.ProducerIdExpiration,
                    MaxProducers = config.LogDirs.MaxProducersPerPartition,
                },
                Budget = budget,
                Progress = progress.Report,
                LogStartRaised = log => Find(log, partitions)?.OnLogStartRaised(),
                // Told on the thread that met the failure, which may hold a partition's gate: the others are not taken inside it.
                // Until they are offline, their logs refuse changes themselves.
                Failed = (directory, _) => ThreadPool.UnsafeQueueUserWorkItem(_ =>
                {
                    TakeOffline(directory, partitions);
                    Volatile.Read(ref storage)?.TellIfNoneIsLeft();
                }, null),
            }),
            platform.FileSystem,
            platform.Time,
            platform.Random,
            logger);
        var opened = new BrokerStorage(logs, () => current().LogDirs, partitions, platform, failed);
        Volatile.Write(ref storage, opened);
        opened.TellIfNoneIsLeft();
        return opened;
    }

    /// <summary>The high watermarks that the last checkpoints hold.</summary>
    public IReadOnlyDictionary<TopicPartition, long> ReadHighWatermarks()
    {
        var all = new Dictionary<TopicPartition, long>();
        foreach (LogDirectory directory in Logs.All)
        {
            // What a disk that was away for a while says of a partition that has moved on elsewhere is old.
            foreach ((TopicPartition partition, long offset) in directory.ReadHighWatermarks())
            {
                if (directory.Find(partition) is not null) all[partition] = offset;
            }
        }

        return all;
    }

    /// <summary>Begins to look after the logs.</summary>
    public void StartUpkeep()
    {
        LogDirConfig config = _config();
        var options = new LogMaintenanceOptions
        {
            CheckpointInterval = config.RecoveryPointCheckpointInterval,
            LogStartCheckpointInterval = config.LogStartOffsetCheckpointInterval,
            RetentionInterval = config.RetentionCheckInterval,
            InitialDelay = config.InitialTaskDelay,
            SpaceMarks = () => _config().FreeSpace,
            ProducerExpirationInterval = config.ProducerIdExpirationCheckInterval,
        };
        foreach (LogDirectory directory in Logs.All) _upkeep.Add(new LogMaintenance(directory, options, _time));
        var cleaner = new LogCleaner(Logs.All, () => _config().Cleaner, _time, _cleanerLog);
        _upkeep.Add(cleaner);
        cleaner.Start();
        _upkeep.Add(_time.CreateTimer(
            static storage => ((BrokerStorage)storage!).CheckpointHighWatermarks(),
            this,
            config.HighWatermarkCheckpointInterval,
            config.HighWatermarkCheckpointInterval));
    }

    /// <summary>Flushes and closes everything; the epoch goes into the marks of an orderly stop.</summary>
    public void Close(BrokerEpoch epoch)
    {
        foreach (IDisposable one in _upkeep) one.Dispose();
        CheckpointHighWatermarks();
        Logs.Close(epoch.Value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable one in _upkeep) one.Dispose();
        Logs.Dispose();
    }

    private void TellIfNoneIsLeft()
    {
        if (!Logs.IsNoneInService) return;
        _failed.TrySetResult(
            $"all log directories have failed, so this broker stops: {string.Join("; ", Logs.All.Select(directory => $"{directory.Path}: {directory.Failure?.Message}"))}");
    }

    private static Partition? Find(PartitionLog log, PartitionRegistry partitions) =>
        partitions.TryGet(log.TopicPartition.Topic, log.TopicPartition.Partition, out Partition? partition) && partition.Log == log ? partition : null;

    /// <summary>
    /// The settings of a topic's logs. Of a log without a topic nothing is known but that its records are somebody's: none is deleted,
    /// and gaps are taken for what compaction leaves.
    /// </summary>
    private static LogConfig ConfigOf(string topic, BrokerConfig config, ClusterMetadataImage image)
    {
        LogConfig log = LogConfigs.From(config.TopicDefaults.Resolve(image.TopicConfig(topic)));
        return image.TryGetTopic(topic, out _) ? log : log with { Delete = false, Compact = true, RetentionMs = -1, RetentionBytes = -1 };
    }

    private static void TakeOffline(LogDirectory directory, PartitionRegistry partitions)
    {
        foreach (Partition partition in partitions.All.Where(partition => directory.Find(partition.TopicPartition) == partition.Log))
            partition.GoOffline();
    }

    private void CheckpointHighWatermarks()
    {
        foreach (LogDirectory directory in Logs.All)
        {
            if (directory.IsOffline) continue;
            try
            {
                directory.WriteHighWatermarks(_partitions.All
                    .Where(partition => directory.Find(partition.TopicPartition) == partition.Log)
                    .Select(partition => KeyValuePair.Create(partition.TopicPartition, partition.HighWatermark)));
            }
            catch (StorageException)
            {
                // Told to the directory where it happened, which is offline now unless the disk is only full.
            }
        }
    }
}
