using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine.Compaction;

/// <summary>
/// Compacts the logs of a broker whose <c>cleanup.policy</c> asks for it: a few threads of their own, each taking the log with the
/// largest share of dirty bytes, as Kafka's log cleaner does. A log that cannot be read is left alone until the next start; the
/// others go on.
/// </summary>
public sealed partial class LogCleaner : IDisposable
{
    // A look at all logs costs something even where a backoff of 0 is asked for.
    private static readonly TimeSpan ShortestBackoff = TimeSpan.FromMilliseconds(10);

    private readonly IReadOnlyList<LogDirectory> _directories;
    private readonly Func<LogCleanerOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _choosing = new();
    private readonly List<Thread> _threads = [];
    private volatile Setup _setup;
    private bool _started;

    /// <summary>A cleaner that does nothing before <see cref="Start"/>.</summary>
    /// <param name="directories">Whose logs.</param>
    /// <param name="options">The settings in force, asked for before each cleaning: one under way keeps to those it began with.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where each cleaning is told.</param>
    public LogCleaner(IReadOnlyList<LogDirectory> directories, Func<LogCleanerOptions> options, TimeProvider time, ILogger logger)
    {
        _directories = directories;
        _options = options;
        _time = time;
        _logger = logger;
        LogCleanerOptions now = options();
        _setup = new Setup(now, new IoThrottle(time, now.MaxIoBytesPerSecond));
    }

    /// <summary>Starts the threads, if the cleaner is enabled.</summary>
    public void Start()
    {
        lock (_choosing)
        {
            _started = true;
            AddThreads();
        }
    }

    /// <summary>Compacts the dirtiest log that is due, on the caller's thread; false when none is.</summary>
    public bool CleanOnce()
    {
        Setup setup = Refresh();
        if (Choose() is not { } chosen) return false;
        try
        {
            Clean(chosen, setup);
        }
        finally
        {
            chosen.Log.Compaction.End();
        }

        return true;
    }

    /// <summary>Stops; a cleaning under way is given up at its next piece and leaves the log as it is.</summary>
    public void Dispose()
    {
        Thread[] threads;
        lock (_choosing)
        {
            _stopping.Cancel();
            threads = [.. _threads];
        }

        foreach (Thread thread in threads) thread.Join();
        _stopping.Dispose();
    }

    private void AddThreads()
    {
        if (!_started || !_setup.Options.Enabled || _stopping.IsCancellationRequested) return;
        while (_threads.Count < _setup.Options.Threads)
        {
            int id = _threads.Count;
            var thread = new Thread(() => Run(id)) { IsBackground = true, Name = $"log-cleaner-{id}" };
            _threads.Add(thread);
            thread.Start();
        }
    }

    // A thread that is one too many waits: the settings may change again.
    private void Run(int id)
    {
        while (!_stopping.IsCancellationRequested)
        {
            Setup setup = Refresh();
            bool worked = setup.Options.Enabled && id < setup.Options.Threads && CleanOnce();
            if (!worked) Pace(setup, static () => true).Wait(setup.Options.Backoff > ShortestBackoff ? setup.Options.Backoff : ShortestBackoff);
        }
    }

    private Setup Refresh()
    {
        LogCleanerOptions options = _options();
        lock (_choosing)
        {
            if (options == _setup.Options) return _setup;
            bool samePace = options.MaxIoBytesPerSecond.Equals(_setup.Options.MaxIoBytesPerSecond);
            _setup = new Setup(options, samePace ? _setup.Throttle : new IoThrottle(_time, options.MaxIoBytesPerSecond));
            AddThreads();
            return _setup;
        }
    }

    private CleanerPace Pace(Setup setup, Func<bool> mayGoOn) => new(_time, setup.Throttle, mayGoOn, _stopping.Token);

    private Candidate? Choose()
    {
        lock (_choosing)
        {
            Candidate? dirtiest = null;
            foreach (LogDirectory directory in _directories)
            {
                if (directory.IsOffline || directory.SpaceLevel == DiskSpaceLevel.Exhausted) continue;
                foreach (PartitionLog log in directory.Logs)
                {
                    if (!log.Config.Compact || !log.IsOpen || log.Compaction.Uncleanable is not null) continue;
                    int truncations = log.Flusher.Truncations;
                    LogSegment[] seen = log.Segments.Snapshot;
                    if (Measure(directory, log) is not { } range) continue;
                    if (range.IsDue(log.Config) && (dirtiest is null || range.DirtyRatio > dirtiest.Range.DirtyRatio) && log.Compaction.TryBegin())
                    {
                        dirtiest?.Log.Compaction.End();
                        dirtiest = new Candidate(directory, log, range, truncations, seen);
                    }
                }
            }

            return dirtiest;
        }
    }

    private static CompactionRange? Measure(LogDirectory directory, PartitionLog log)
    {
        LogSegment[] seen = log.Segments.Snapshot;
        try
        {
            return new LogMeasure(log, directory.Environment).Take();
        }
        catch (StorageException e)
        {
            if (!IsGone(e, log, seen)) log.Fail(e);
            return null;
        }
    }

    /// <summary>Whether the file that is missing was taken out of the log by right: renamed or deleted since its segments were looked at.</summary>
    private static bool IsGone(StorageException failure, PartitionLog log, LogSegment[] seen)
    {
        if (!failure.IsNotFound) return false;
        // Such a change renames first and shows the other list afterwards, both under the gate.
        lock (log.Gate) return log.State != LogState.Open || !ReferenceEquals(log.Segments.Snapshot, seen);
    }

    private void Clean(Candidate chosen, Setup setup)
    {
        (LogDirectory directory, PartitionLog log, CompactionRange range, int truncations, LogSegment[] seen) = chosen;
        CleanerPace pace = Pace(setup, () => log.IsOpen && directory.SpaceLevel != DiskSpaceLevel.Exhausted);
        var cleaning = new LogCleaning(directory.Environment, log, setup.Options, pace, truncations);
        long started = _time.GetTimestamp();
        try
        {
            long cleanedEnd = cleaning.Run(range);
            lock (log.Gate)
            {
                if (!log.IsOpen || log.Flusher.Truncations != truncations) return;
                log.Compaction.CleanedEnd = cleanedEnd;
            }

            directory.WriteCleanedEnds();
            CleaningCounts counts = cleaning.Counts;
            LogCleaned(_logger, log.Directory, range.FirstDirty, cleanedEnd, counts.BytesRead, counts.BytesWritten, counts.RecordsRead, counts.RecordsKept,
                (long)_time.GetElapsedTime(started).TotalMilliseconds);
            if (counts.RecordsWithoutKey > 0) LogWithoutKey(_logger, log.Directory, counts.RecordsWithoutKey);
        }
        catch (CleaningAbortedException)
        {
            LogAborted(_logger, log.Directory);
        }
        catch (StorageException e) when (IsGone(e, log, seen))
        {
            LogAborted(_logger, log.Directory);
        }
        catch (StorageException e)
        {
            // A failed disk takes its directory offline; a full one only ends this attempt.
            log.Fail(e);
            if (log.IsOpen) LogFailed(_logger, log.Directory, e.Message);
        }
        catch (UncleanableLogException e)
        {
            log.Compaction.Uncleanable = e.Message;
            LogUncleanable(_logger, log.Directory, e.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A bug that one log shows is not to keep the others from being compacted.
            log.Compaction.Uncleanable = e.Message;
            LogUnexpected(_logger, log.Directory, e);
        }
    }

    [LoggerMessage(2301, LogLevel.Information,
        "{Directory}: compacted by the records from {FirstDirty} to {CleanedEnd}: {BytesRead} bytes became {BytesWritten}, {RecordsRead} records {RecordsKept}, in {Milliseconds} ms")]
    private static partial void LogCleaned(
        ILogger logger, string directory, long firstDirty, long cleanedEnd, long bytesRead, long bytesWritten, long recordsRead, long recordsKept, long milliseconds);

    [LoggerMessage(2302, LogLevel.Warning, "{Directory}: {Count} records without a key were dropped: a compacted topic keeps records by their key")]
    private static partial void LogWithoutKey(ILogger logger, string directory, long count);

    [LoggerMessage(2303, LogLevel.Debug, "{Directory}: compaction was given up and begins anew later")]
    private static partial void LogAborted(ILogger logger, string directory);

    [LoggerMessage(2304, LogLevel.Warning, "{Directory}: compaction failed and is tried again later: {Reason}")]
    private static partial void LogFailed(ILogger logger, string directory, string reason);

    [LoggerMessage(2305, LogLevel.Error, "{Directory} cannot be compacted and is left as it is until the next start: {Reason}")]
    private static partial void LogUncleanable(ILogger logger, string directory, string reason);

    [LoggerMessage(2306, LogLevel.Error, "{Directory} cannot be compacted and is left as it is until the next start")]
    private static partial void LogUnexpected(ILogger logger, string directory, Exception failure);

    private sealed record Setup(LogCleanerOptions Options, IoThrottle Throttle);

    private sealed record Candidate(LogDirectory Directory, PartitionLog Log, CompactionRange Range, int Truncations, LogSegment[] Seen);
}
