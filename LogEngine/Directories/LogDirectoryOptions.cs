using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Directories;

/// <summary>How far the opening of a log directory is.</summary>
public readonly record struct LogLoadProgress(string Directory, int Loaded, int Total);

/// <summary>What a log directory needs to know to open.</summary>
public sealed record LogDirectoryOptions
{
    /// <summary>The directory; created if missing.</summary>
    public required string Path { get; init; }

    /// <summary>Whose data it has to be.</summary>
    public required BrokerId BrokerId { get; init; }

    /// <summary>Of which cluster.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The settings of a topic's logs.</summary>
    public Func<string, LogConfig> ConfigFor { get; init; } = static _ => LogConfig.Default;

    /// <summary>The id of a topic in use; empty where it is not known. It decides between two logs of one partition.</summary>
    public Func<string, Guid> TopicIdFor { get; init; } = static _ => Guid.Empty;

    /// <summary>How long directories that were being deleted at the last stop still wait; milliseconds.</summary>
    public long DeleteDelayMs { get; init; } = LogConfig.Default.FileDeleteDelayMs;

    /// <summary><c>num.recovery.threads.per.data.dir</c></summary>
    public int RecoveryThreads { get; init; } = 2;

    /// <summary>
    /// The most threads that flush logs whose appends wait for it; they start when needed. With 0, <see cref="LogDirectory.RunFlushes"/>
    /// does the work.
    /// </summary>
    public int FlushThreads { get; init; } = GroupCommitter.DefaultThreads;

    /// <summary>What a search by time decompresses with; the caller's, to be disposed after the directory.</summary>
    public CompressionCodecs Codecs { get; init; } = new();

    /// <summary>What may stay open and in memory between uses; one for all directories of a broker.</summary>
    public StorageBudget Budget { get; init; } = StorageBudget.Unbounded();

    /// <summary>How long and how many producers each log remembers.</summary>
    public ProducerOptions Producers { get; init; } = new();

    /// <summary>Called after each partition, from the threads that load.</summary>
    public Action<LogLoadProgress>? Progress { get; init; }

    /// <summary>Called outside the log's gate after retention raised its start.</summary>
    public Action<PartitionLog>? LogStartRaised { get; init; }

    /// <summary>Called once, on whatever thread met it, when the disk fails: the directory is offline from then on.</summary>
    public Action<LogDirectory, StorageException>? Failed { get; init; }
}
