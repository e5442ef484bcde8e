using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using KBroker.LogEngine.Recovery;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine.Directories;

/// <summary>
/// One <c>log.dirs</c> entry: its lock, its owner's mark, its checkpoints and its partitions' logs. A failed write or flush in any
/// of its logs takes the whole directory offline, for good; a full disk does not.
/// </summary>
public sealed partial class LogDirectory : IDisposable
{
    private const string LockFileName = ".lock";
    private const int ClosingThreads = 4;

    private readonly ConcurrentDictionary<TopicPartition, PartitionLog> _logs = new();
    private readonly UnreadableLogs _unreadable = new();
    private readonly LogEnvironment _environment;
    private readonly LogDirectoryOptions _options;
    private readonly IDisposable _lock;
    private readonly OffsetCheckpoint _recoveryPoints;
    private readonly OffsetCheckpoint _highWatermarks;
    private readonly OffsetCheckpoint _logStarts;
    private readonly OffsetCheckpoint _cleanedEnds;
    private bool _wasClean;
    private bool _closed;

    private LogDirectory(LogDirectoryOptions options, IDisposable held, ILogFileSystem fileSystem, TimeProvider time, Random random, ILogger logger)
    {
        _options = options;
        _lock = held;
        var health = new LogDirectoryHealth(OnFailed);
        _environment = new LogEnvironment(fileSystem, time, random, new DeferredDeletions(fileSystem, time), health, logger)
        {
            Codecs = options.Codecs,
            Producers = options.Producers,
            Budget = options.Budget,
            Space = new DiskSpaceGuard(fileSystem, Path, logger),
            RecoveryPointLowered = WriteRecoveryPoints,
            CleanedEndLowered = WriteCleanedEnds,
            LogStartLowered = WriteLogStarts,
            Committer = new GroupCommitter(options.FlushThreads),
        };
        _recoveryPoints = new OffsetCheckpoint(fileSystem, Path, OffsetCheckpoint.RecoveryPoints);
        _highWatermarks = new OffsetCheckpoint(fileSystem, Path, OffsetCheckpoint.HighWatermarks);
        _logStarts = new OffsetCheckpoint(fileSystem, Path, OffsetCheckpoint.LogStarts);
        _cleanedEnds = new OffsetCheckpoint(fileSystem, Path, OffsetCheckpoint.CleanedEnds);
    }

    /// <summary>The absolute path.</summary>
    public string Path => _options.Path;

    /// <summary>Whether the disk has failed: nothing more is written here.</summary>
    public bool IsOffline => _environment.Health.Failure is not null;

    /// <summary>The failure that took the directory offline.</summary>
    public StorageException? Failure => _environment.Health.Failure;

    /// <summary>The logs, in no order.</summary>
    public ICollection<PartitionLog> Logs => _logs.Values;

    /// <summary>The bytes that can still be written to this disk.</summary>
    public long FreeSpace => _environment.FileSystem.FreeSpace(Path);

    /// <summary>The size of this disk in bytes; -1 where that is not known.</summary>
    public long TotalSpace => _environment.FileSystem.TotalSpace(Path);

    /// <summary>How much room the disk has by its marks, as last measured.</summary>
    public DiskSpaceLevel SpaceLevel => _environment.Space.Level;

    internal LogEnvironment Environment => _environment;

    internal Guid TopicIdFor(string topic) => _options.TopicIdFor(topic);

    /// <summary>
    /// Takes the directory's lock, checks whose data it holds, and loads every partition: after an unclean stop each is recovered
    /// from its recovery point.
    /// </summary>
    /// <exception cref="LogDirectoryException">Another process has it, or it is another broker's or cluster's.</exception>
    /// <exception cref="StorageException">The disk failed.</exception>
    public static LogDirectory Open(LogDirectoryOptions options, ILogFileSystem fileSystem, TimeProvider time, Random random, ILogger logger)
    {
        options = options with { Path = System.IO.Path.GetFullPath(options.Path) };
        RootDirectory.Create(fileSystem, options.Path);
        IDisposable held = fileSystem.TryLock(System.IO.Path.Combine(options.Path, LockFileName)) ?? throw new LogDirectoryException(
            $"{options.Path} is locked: another process uses it as its log directory; stop that process or configure another log.dirs");
        try
        {
            MetaProperties? meta = MetaProperties.Read(fileSystem, options.Path);
            meta?.Require(options.BrokerId, options.ClusterId, options.Path);
            if (meta is null || meta.BrokerId is null || meta.ClusterId is null)
                new MetaProperties(options.BrokerId, options.ClusterId).Write(fileSystem, options.Path);
            var directory = new LogDirectory(options, held, fileSystem, time, random, logger);
            directory.Load();
            return directory;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The log of a partition; null when it is not here.</summary>
    public PartitionLog? Find(TopicPartition partition) => _logs.GetValueOrDefault(partition);

    /// <summary>Why a partition whose files are here has no log; null when it has one, or no files.</summary>
    public string? WhyUnreadable(TopicPartition partition) => _unreadable.Find(partition)?.Reason;

    /// <summary>Keeps the files of a log that could not be read under a name that ends in <c>-stray</c>; nothing if there is none.</summary>
    internal void SetAsideUnreadable(TopicPartition partition)
    {
        if (_unreadable.Find(partition) is not { } log) return;
        ThrowIfOffline();
        Reported(() =>
        {
            string renamed = NameForStray(partition);
            LogSetAside(_environment.Logger, log.Path, renamed);
            _environment.FileSystem.Rename(log.Path, renamed);
            _environment.FileSystem.FlushDirectory(Path);
        });
        _unreadable.Remove(partition);
        // What the checkpoints say of it says nothing of a log that gets its name.
        Checkpoint();
    }

    /// <summary>Makes an empty log that starts at offset 0.</summary>
    /// <remarks>
    /// A directory of that name that belongs to no log is not taken over: it is renamed, and deleted later if it holds no records.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The log exists.</exception>
    /// <exception cref="StorageException">The disk failed, or has too little room.</exception>
    public PartitionLog Create(TopicPartition partition, Guid topicId, LogConfig config)
    {
        ThrowIfOffline();
        if (!PartitionDirectoryName.IsTopic(partition.Topic) || partition.Partition < 0)
            throw new ArgumentException($"'{partition}' cannot name a directory", nameof(partition));
        if (_logs.ContainsKey(partition)) throw new InvalidOperationException($"{partition} exists in {Path}");
        _environment.Space.ThrowIfExhausted("create", partition.ToString());
        try
        {
            string path = System.IO.Path.Combine(Path, PartitionDirectoryName.For(partition));
            if (_environment.FileSystem.DirectoryExists(path)) ClearName(partition, path, config);
            ForgetOffsets(partition);
            _environment.FileSystem.CreateDirectory(path);
            if (topicId != Guid.Empty) PartitionMetadataFile.Create(_environment.FileSystem, path, topicId);
            PartitionLog log = LoadLog(partition, path, config, new CheckpointedOffsets(true, 0, 0));
            return _logs.TryAdd(partition, log) ? log : throw new InvalidOperationException($"{partition} exists in {Path}");
        }
        catch (StorageException e)
        {
            _environment.Health.Report(e);
            throw;
        }
    }

    /// <summary>
    /// Deletes a log: it is gone at once for everyone but slices in use, its directory is renamed, and the files go after
    /// <c>file.delete.delay.ms</c>. False if there is no such log.
    /// </summary>
    public bool Delete(TopicPartition partition) => Retire(partition, keep: false);

    /// <summary>
    /// Takes a log out of service and keeps its files, in a directory whose name ends in <c>-stray</c> and which nothing uses.
    /// False if there is no such log. A directory that is offline only forgets it: its files are found again, under their old name, by
    /// the next start that can read them.
    /// </summary>
    public bool SetAside(TopicPartition partition) => IsOffline ? Forget(partition) : Retire(partition, keep: true);

    private bool Forget(TopicPartition partition)
    {
        if (!_logs.TryRemove(partition, out PartitionLog? log)) return false;
        log.Abandon(LogState.Deleted);
        return true;
    }

    private bool Retire(TopicPartition partition, bool keep)
    {
        ThrowIfOffline();
        if (!_logs.TryGetValue(partition, out PartitionLog? log)) return false;
        try
        {
            lock (log.Gate)
            {
                if (log.State == LogState.Deleted) return false;
                string renamed = keep ? NameForStray(partition) : NameForDeletion(partition);
                if (keep) LogSetAside(_environment.Logger, log.Directory, renamed);
                _environment.FileSystem.Rename(log.Directory, renamed);
                log.Relocate(renamed);
                log.Abandon(LogState.Deleted);
                // Not before: a log whose directory kept its name is still this partition's.
                _logs.TryRemove(KeyValuePair.Create(partition, log));
                if (!keep) _environment.Deletions.AddDirectory(renamed, log.Config.FileDeleteDelayMs);
                _environment.FileSystem.FlushDirectory(Path);
            }
        }
        catch (StorageException e)
        {
            _environment.Health.Report(e);
            throw;
        }

        return true;
    }

    /// <summary>
    /// What the checkpoints hold of a log that had the name says nothing of the one that gets it; a start between the two would apply it.
    /// Not when the old one goes: of many that go together, the first that comes back takes the lines of all with it.
    /// </summary>
    private void ForgetOffsets(TopicPartition partition)
    {
        _recoveryPoints.Forget(partition, RecoveryPoints);
        _logStarts.Forget(partition, LogStarts);
        _cleanedEnds.Forget(partition, CleanedEnds);
        _highWatermarks.Forget(partition, ReportedOffsets);
    }

    /// <summary>Gets a directory out of the way that no log has: records are kept, what a failed attempt to make a log left is not.</summary>
    private void ClearName(TopicPartition partition, string path, LogConfig config)
    {
        string name = PartitionDirectoryName.For(partition);
        if (_environment.FileSystem.List(Path).Any(entry => entry.Name == name && entry.IsLink))
            throw new LogDirectoryException($"{path} is a symbolic link; links inside a log directory are not followed: move the directory it points to here");
        bool keep = _environment.FileSystem.List(path).Any(entry =>
            entry.Length > 0 && SegmentFileNames.TryParse(entry.Name, out _, out ReadOnlySpan<char> suffix) && suffix is SegmentFileNames.Log);
        string renamed = keep ? NameForStray(partition) : NameForDeletion(partition);
        LogSetAside(_environment.Logger, path, renamed);
        _environment.FileSystem.Rename(path, renamed);
        if (!keep) _environment.Deletions.AddDirectory(renamed, config.FileDeleteDelayMs);
        _environment.FileSystem.FlushDirectory(Path);
    }

    private string NameForDeletion(TopicPartition partition) =>
        System.IO.Path.Combine(Path, PartitionDirectoryName.ForDeletion(partition, new Guid(NextBytes())));

    private string NameForStray(TopicPartition partition) =>
        System.IO.Path.Combine(Path, PartitionDirectoryName.ForStray(partition, new Guid(NextBytes())));

    /// <summary>Writes the recovery points and the log starts of all logs.</summary>
    public void Checkpoint()
    {
        ThrowIfOffline();
        WriteRecoveryPoints();
        WriteLogStarts();
    }

    /// <summary>Writes the log starts.</summary>
    internal void WriteLogStarts() => Reported(() => _logStarts.Write(LogStarts));

    /// <summary>Writes how far each log was compacted.</summary>
    internal void WriteCleanedEnds() => Reported(() => _cleanedEnds.Write(CleanedEnds));

    private IEnumerable<KeyValuePair<TopicPartition, long>> RecoveryPoints() =>
        _logs.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.RecoveryPoint)).Concat(_unreadable.RecoveryPoints);

    private IEnumerable<KeyValuePair<TopicPartition, long>> LogStarts() => _logs
        .Where(pair => MustBeWritten(pair.Value))
        .Select(pair => KeyValuePair.Create(pair.Key, pair.Value.LogStartOffset))
        .Concat(_unreadable.LogStarts);

    private IEnumerable<KeyValuePair<TopicPartition, long>> CleanedEnds() => _logs
        .Where(pair => pair.Value.Compaction.CleanedEnd >= 0)
        .Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Compaction.CleanedEnd));

    // Only the owner knows them: what it said last of the logs that are there.
    private IEnumerable<KeyValuePair<TopicPartition, long>> ReportedOffsets() =>
        ReadOrWarn(_highWatermarks).Where(pair => _logs.ContainsKey(pair.Key) || _unreadable.Find(pair.Key) is not null);

    // The first segment's name says where a log starts otherwise, once the names of those before it are gone from the disk too.
    private static bool MustBeWritten(PartitionLog log) =>
        log.LogStartOffset != log.Segments.All[0].BaseOffset || (log.Segments.NamesDirty && log.LogStartOffset > 0);

    /// <summary>
    /// Brings the log starts to the disk, among them those of these logs, and then takes away the segments below them. What cannot be
    /// taken away is left to retention.
    /// </summary>
    /// <exception cref="StorageException">
    /// The log starts could not be written. On a full disk the segments go all the same, as room is needed, but the exact start is not
    /// on the disk.
    /// </exception>
    public void SettleLogStarts(IEnumerable<TopicPartition> partitions)
    {
        if (RemoveBelowStarts([.. partitions.Select(Find).OfType<PartitionLog>().Where(log => log.IsOpen)]) is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>
    /// Deletes what no log has to keep at <paramref name="nowMs"/>. What goes wrong in one log leaves the others to be looked at; a full
    /// disk keeps nothing from being deleted.
    /// </summary>
    public void RunRetention(long nowMs)
    {
        List<PartitionLog> shortened = [];
        foreach (PartitionLog log in Logs)
        {
            if (log.IsOpen && RaiseLogStart(log, nowMs)) shortened.Add(log);
        }

        if (shortened.Count == 0) return;
        RemoveBelowStarts(shortened);
        foreach (PartitionLog log in shortened)
        {
            if (IsOffline) return;
            _options.LogStartRaised?.Invoke(log);
        }
    }

    /// <summary>
    /// The starts are on the disk before a file goes, so that whatever part of the renames a loss of power keeps, no record below them
    /// is read again and none above is taken for lost. Where there is no room to write them, one segment after the other is made to go
    /// for good. Returns why they could not be written.
    /// </summary>
    private StorageException? RemoveBelowStarts(List<PartitionLog> logs)
    {
        // Those that are being written: a start may rise further meanwhile.
        long[] starts = [.. logs.Select(log => log.LocalLogStartOffset)];
        StorageException? failure = null;
        try
        {
            WriteLogStarts();
        }
        catch (StorageException e)
        {
            failure = e;
        }

        for (int i = 0; i < starts.Length && !IsOffline; i++)
        {
            (PartitionLog log, long start) = (logs[i], starts[i]);
            Attempt(() => log.Retention.RemoveBelow(start, inOrder: failure is not null));
        }

        return failure;
    }

    private static bool RaiseLogStart(PartitionLog log, long nowMs)
    {
        bool raised = false;
        Attempt(() => raised = log.Retention.RaiseLogStart(nowMs));
        return raised;
    }

    private static void Attempt(Action work)
    {
        try
        {
            work();
        }
        catch (StorageException)
        {
            // Told to the directory where it happened, which is offline now unless the failure can pass.
        }
    }

    /// <summary>Writes the high watermarks, which the owner of the partitions knows.</summary>
    public void WriteHighWatermarks(IEnumerable<KeyValuePair<TopicPartition, long>> offsets)
    {
        ThrowIfOffline();
        Reported(() => _highWatermarks.Write(() => offsets));
    }

    /// <summary>The high watermarks as last written; none when the file cannot be understood.</summary>
    public IReadOnlyDictionary<TopicPartition, long> ReadHighWatermarks() => ReadOrWarn(_highWatermarks);

    /// <summary>Flushes on this thread the logs that have asked for it and wait for a thread.</summary>
    public void RunFlushes() => _environment.Committer.RunPending();

    /// <summary>Deletes what has waited long enough. Where space is low nothing waits: a reader still at it has the file open.</summary>
    public void RunDeletions() => Reported(() =>
        _environment.Deletions.Run(evenEarly: SpaceLevel != DiskSpaceLevel.Ample));

    /// <summary>Measures the free space; true if it fell below a mark.</summary>
    public bool MeasureSpace(DiskSpaceMarks marks) => _environment.Space.Measure(marks);

    /// <summary>
    /// Flushes and closes every log and, if nothing failed, leaves the mark of an orderly stop with the broker's epoch (-1 unknown).
    /// </summary>
    public void Close(long brokerEpoch)
    {
        if (_closed) return;
        _closed = true;
        // What it leaves in the queue is flushed with the closing of the logs.
        _environment.Committer.Dispose();
        try
        {
            if (IsOffline) return;
            Parallel.ForEach(_logs.Values, new ParallelOptions { MaxDegreeOfParallelism = ClosingThreads }, log => log.Close());
            Checkpoint();
            // A log that could not be read has still to be recovered if the last stop was not in order.
            if (_logs.Values.All(log => log.State == LogState.Closed) && (_wasClean || _unreadable.IsEmpty)) CleanShutdownMarker.Write(_environment.FileSystem, Path, brokerEpoch);
        }
        catch (Exception e) when (e is StorageException or AggregateException)
        {
            LogCloseFailed(_environment.Logger, Path, e);
        }
        finally
        {
            foreach (PartitionLog log in _logs.Values) log.Abandon(LogState.Closed);
            _lock.Dispose();
        }
    }

    /// <summary>Lets go of the files and the lock as a crash would: no flush, no mark.</summary>
    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        _environment.Committer.Dispose();
        foreach (PartitionLog log in _logs.Values) log.Abandon(LogState.Closed);
        _lock.Dispose();
    }

    private void Load()
    {
        bool clean = _wasClean = CleanShutdownMarker.Take(_environment.FileSystem, Path);
        IReadOnlyDictionary<TopicPartition, long> recoveryPoints = ReadOrWarn(_recoveryPoints);
        IReadOnlyDictionary<TopicPartition, long> logStarts = ReadOrWarn(_logStarts);
        var found = new List<(TopicPartition Partition, string Path)>();
        foreach (LogFileEntry entry in _environment.FileSystem.List(Path))
        {
            string path = System.IO.Path.Combine(Path, entry.Name);
            PartitionDirectoryKind kind = PartitionDirectoryName.Parse(entry.Name, out TopicPartition partition);
            if (entry.IsLink && kind is not (PartitionDirectoryKind.Unknown or PartitionDirectoryKind.NotALog)) LogLink(_environment.Logger, path);
            if (!entry.IsDirectory) continue;
            switch (kind)
            {
                case PartitionDirectoryKind.Partition:
                    found.Add((partition, path));
                    break;
                case PartitionDirectoryKind.Deleting:
                    _environment.Deletions.AddDirectory(path, _options.DeleteDelayMs);
                    break;
                case PartitionDirectoryKind.Future:
                    LogFuture(_environment.Logger, path);
                    break;
                case PartitionDirectoryKind.Stray:
                    LogStray(_environment.Logger, path);
                    break;
                case PartitionDirectoryKind.Unknown:
                    LogUnknownDirectory(_environment.Logger, path);
                    break;
            }
        }

        Dictionary<TopicPartition, long> cleanedEnds = ReadOrWarn(_cleanedEnds);
        int loaded = 0;
        try
        {
            Parallel.ForEach(found, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(_options.RecoveryThreads, 1) }, item =>
            {
                var checkpoint = new CheckpointedOffsets(
                    clean,
                    RecoveryPointIn(recoveryPoints, item.Partition),
                    logStarts.GetValueOrDefault(item.Partition),
                    cleanedEnds.GetValueOrDefault(item.Partition, -1));
                LoadOrSkip(item.Partition, item.Path, checkpoint, cleanedEnds);
                _options.Progress?.Invoke(new LogLoadProgress(Path, Interlocked.Increment(ref loaded), found.Count));
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<StorageException>().FirstOrDefault() is { } failure)
        {
            throw new StorageException("load", failure.Path, failure.Message, failure);
        }

        // What this start went by is not taken back: a killed process may have left checkpoints whose names are not on the disk.
        if (!clean) _environment.FileSystem.FlushDirectory(Path);
        if (!_recoveryPoints.WasRead) MakeRecoveryPointsKnown();
        // What is appended behind a log that lost its end is not below its recovery point.
        if (_logs.Any(pair => recoveryPoints.GetValueOrDefault(pair.Key) > pair.Value.RecoveryPoint)) WriteRecoveryPoints();
        // Entries of logs that are gone, or that lost what they say, are not to meet what is appended now.
        if (cleanedEnds.Count > 0) WriteCleanedEnds();
    }

    private void LoadOrSkip(TopicPartition partition, string path, CheckpointedOffsets checkpoint, Dictionary<TopicPartition, long> cleanedEnds)
    {
        try
        {
            PartitionLog log = LoadLog(partition, path, _options.ConfigFor(partition.Topic), checkpoint);
            if (cleanedEnds.TryGetValue(partition, out long cleanedEnd) && cleanedEnd <= log.LogEndOffset) log.Compaction.CleanedEnd = cleanedEnd;
            _logs[partition] = log;
        }
        catch (UnreadableLogException e)
        {
            LogUnreadable(_environment.Logger, path, e.Message);
            _unreadable.Add(partition, new UnreadableLog(path, e.Message, checkpoint.RecoveryPoint, checkpoint.LogStartOffset));
        }
    }

    // A negative one stands for that of an unreadable log which was unknown.
    private long? RecoveryPointIn(IReadOnlyDictionary<TopicPartition, long> recoveryPoints, TopicPartition partition) =>
        _recoveryPoints.WasRead && recoveryPoints.GetValueOrDefault(partition) is >= 0 and var point ? point : null;

    /// <summary>
    /// Without the checkpoint, all of each log has been read; it is flushed as well, so that the next checkpoint says what is true of
    /// it. From here on, a log that the checkpoint does not name is one that was made after it. A full disk leaves this for later.
    /// </summary>
    private void MakeRecoveryPointsKnown()
    {
        Attempt(() =>
        {
            foreach (PartitionLog log in _logs.Values) log.Flush();
            WriteRecoveryPoints();
        });
        ThrowIfOffline();
    }

    private PartitionLog LoadLog(TopicPartition partition, string path, LogConfig config, CheckpointedOffsets checkpoint) =>
        new(_environment, partition, config, new LogLoader(_environment, path, config).Load(checkpoint));

    /// <summary>Writes the recovery points.</summary>
    internal void WriteRecoveryPoints() => Reported(() => _recoveryPoints.Write(RecoveryPoints));

    private Dictionary<TopicPartition, long> ReadOrWarn(OffsetCheckpoint checkpoint)
    {
        if (!checkpoint.TryRead(out Dictionary<TopicPartition, long> offsets)) LogBadCheckpoint(_environment.Logger, checkpoint.Path);
        return offsets;
    }

    private void Reported(Action change)
    {
        try
        {
            change();
        }
        catch (StorageException e)
        {
            _environment.Health.Report(e);
            throw;
        }
    }

    private void ThrowIfOffline()
    {
        if (_environment.Health.Failure is { } failure)
            throw new StorageException("use", Path, $"the log directory is offline: {failure.Message}", failure);
    }

    private void OnFailed(StorageException failure)
    {
        LogOffline(_environment.Logger, Path, failure);
        _options.Failed?.Invoke(this, failure);
    }

    private byte[] NextBytes()
    {
        byte[] bytes = new byte[16];
        lock (_environment.Random) _environment.Random.NextBytes(bytes);
        return bytes;
    }

    [LoggerMessage(2101, LogLevel.Error, "{Directory} is offline: its disk failed")]
    private static partial void LogOffline(ILogger logger, string directory, Exception failure);

    [LoggerMessage(2102, LogLevel.Warning, "{Directory} is not the directory of a partition in use and is left alone")]
    private static partial void LogUnknownDirectory(ILogger logger, string directory);

    [LoggerMessage(2103, LogLevel.Warning, "{File} cannot be understood and counts as missing")]
    private static partial void LogBadCheckpoint(ILogger logger, string file);

    [LoggerMessage(2105, LogLevel.Warning, "{Directory} is not the log that belongs there and is renamed to {NewName}")]
    private static partial void LogSetAside(ILogger logger, string directory, string newName);

    [LoggerMessage(2106, LogLevel.Warning, "{Directory} is the copy of a move between log directories that has not ended; moves are not resumed, and it is left alone")]
    private static partial void LogFuture(ILogger logger, string directory);

    [LoggerMessage(2107, LogLevel.Warning, "{Directory} was set aside as belonging to no topic; it is left alone, and can be deleted if nobody misses it")]
    private static partial void LogStray(ILogger logger, string directory);

    [LoggerMessage(2108, LogLevel.Warning, "{Link} is a symbolic link; links inside a log directory are not followed, and this partition is not loaded")]
    private static partial void LogLink(ILogger logger, string link);

    [LoggerMessage(2109, LogLevel.Error, "{Directory} cannot be used and is left alone: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string directory, string reason);

    [LoggerMessage(2104, LogLevel.Error, "{Directory} could not be closed in order; the next start recovers it")]
    private static partial void LogCloseFailed(ILogger logger, string directory, Exception failure);
}
