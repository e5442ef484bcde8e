using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;

namespace KBroker.Broker.Configuration;

/// <summary>The data directories and their upkeep.</summary>
/// <param name="Directories">Absolute paths, at least one, all different.</param>
/// <param name="RecoveryThreads">Threads per directory that recover logs at start.</param>
/// <param name="RetentionCheckInterval">Time between two looks for segments to delete.</param>
/// <param name="InitialTaskDelay">Time from the start to the first look for segments to delete, if that is less than between two.</param>
/// <param name="RecoveryPointCheckpointInterval">Time between two writes of the recovery points.</param>
/// <param name="LogStartOffsetCheckpointInterval">Time between two writes of the log start offsets.</param>
/// <param name="HighWatermarkCheckpointInterval">Time between two writes of the high watermarks.</param>
/// <param name="ProducerIdExpiration">How long a producer's state is kept without a write.</param>
/// <param name="ProducerIdExpirationCheckInterval">Time between two looks for producers to forget.</param>
/// <param name="MaxProducersPerPartition">The most producers that a partition remembers.</param>
/// <param name="FreeSpace">How much of each directory's disk is to stay free.</param>
/// <param name="AdoptLogs">Whether logs of no topic get one at start.</param>
/// <param name="OpenFilesMax">Segment files kept open between uses; null to take what the process may have into account.</param>
/// <param name="IndexCacheBytes">Memory for the indexes of segments that no longer grow; null to take the machine's into account.</param>
/// <param name="Cleaner">How compaction works.</param>
public sealed record LogDirConfig(
    IReadOnlyList<string> Directories,
    int RecoveryThreads,
    TimeSpan RetentionCheckInterval,
    TimeSpan InitialTaskDelay,
    TimeSpan RecoveryPointCheckpointInterval,
    TimeSpan LogStartOffsetCheckpointInterval,
    TimeSpan HighWatermarkCheckpointInterval,
    TimeSpan ProducerIdExpiration,
    TimeSpan ProducerIdExpirationCheckInterval,
    int MaxProducersPerPartition,
    DiskSpaceMarks FreeSpace,
    bool AdoptLogs,
    int? OpenFilesMax,
    long? IndexCacheBytes,
    LogCleanerOptions Cleaner);
