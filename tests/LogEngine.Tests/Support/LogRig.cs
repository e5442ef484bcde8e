using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Recovery;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>One log on a disk in memory, without a log directory around it.</summary>
internal sealed class LogRig
{
    public const string Directory = "/data/t-0";

    public LogRig(LogConfig? config = null, ILogFileSystem? disk = null, string directory = Directory, StorageBudget? budget = null)
    {
        Budget = budget ?? StorageBudget.Unbounded();
        Config = config ?? LogConfig.Default;
        FileSystem = disk ?? Disk;
        Path = directory;
        FileSystem.CreateDirectory(directory);
        Disk.FlushDirectory("/");
        Log = Load(clean: true, 0, 0);
    }

    public InMemoryLogFileSystem Disk { get; } = new();

    public ILogFileSystem FileSystem { get; }

    public StorageBudget Budget { get; }

    public string Path { get; }

    public LogConfig Config { get; set; }

    public ManualTime Time { get; } = new();

    public PartitionLog Log { get; private set; }

    public List<StorageException> Failures { get; } = [];

    public long? CheckpointedRecoveryPoint { get; private set; }

    public void ReopenClean()
    {
        Log.Close();
        Log = Load(clean: true, Log.RecoveryPoint, Log.LogStartOffset);
    }

    public void ReopenUnclean(long? recoveryPoint = null)
    {
        Log.Abandon(LogState.Failed);
        Log = Load(clean: false, recoveryPoint ?? Log.RecoveryPoint, Log.LogStartOffset);
    }

    public PartitionLog Load(bool clean, long recoveryPoint, long logStart)
    {
        LogEnvironment environment = Environment();
        LoadedLog loaded = new LogLoader(environment, Path, Config).Load(new CheckpointedOffsets(clean, recoveryPoint, logStart));
        return Log = new PartitionLog(environment, new TopicPartition("t", 0), Config, loaded);
    }

    /// <summary>How long and how many producers the log remembers; from the next load on.</summary>
    public Producers.ProducerOptions Producers { get; set; } = new();

    /// <summary>Appends a batch of an idempotent producer.</summary>
    public LogAppendResult Produce(long producerId, short epoch, int sequence, int records = 1, bool transactional = false) =>
        Log.AppendAsLeader(Batches.Of(producerId, epoch, sequence, records, transactional), new LeaderEpoch(0));

    /// <summary>Ends a producer's transaction.</summary>
    public LogAppendResult End(long producerId, short epoch, bool commit, int coordinatorEpoch = 0) => Log.AppendAsLeader(
        Batches.Marker(producerId, epoch, commit, coordinatorEpoch), new LeaderEpoch(0), KBroker.LogEngine.Producers.AppendOrigin.Coordinator);

    public LogAppendResult Append(int records = 1, int valueSize = 10, int epoch = 0, long timestamp = 1000) =>
        Log.AppendAsLeader(Batches.Make(records, valueSize, timestamp), new LeaderEpoch(epoch));

    public byte[]? Read(long offset, int maxBytes = int.MaxValue, bool minOne = true, long bound = long.MaxValue)
    {
        LogReadResult result = Log.Read(offset, maxBytes, minOne, bound);
        Assert.Equal(LogReadStatus.Ok, result.Status);
        return Bytes(result.Slice);
    }

    public static byte[]? Bytes(LogSlice? slice)
    {
        if (slice is null) return null;
        using (slice)
        {
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            return bytes;
        }
    }

    private LogEnvironment Environment() =>
        new(FileSystem, Time, new Random(1), new DeferredDeletions(FileSystem, Time), new LogDirectoryHealth(Failures.Add), NullLogger.Instance)
        {
            Producers = Producers,
            Space = new DiskSpaceGuard(FileSystem, Path, NullLogger.Instance),
            Codecs = new KBroker.Protocol.Compression.CompressionCodecs(),
            Budget = Budget,
            RecoveryPointLowered = () => CheckpointedRecoveryPoint = Log.RecoveryPoint,
        };
}
