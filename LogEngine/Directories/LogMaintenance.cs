using KBroker.LogEngine.Retention;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Directories;

/// <summary>How often a log directory is looked after.</summary>
public sealed record LogMaintenanceOptions
{
    /// <summary>Between looks at which logs are due for a flush and which files for deletion.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary><c>log.flush.offset.checkpoint.interval.ms</c></summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>log.flush.start.offset.checkpoint.interval.ms</c></summary>
    public TimeSpan LogStartCheckpointInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>log.retention.check.interval.ms</c></summary>
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary><c>producer.id.expiration.check.interval.ms</c></summary>
    public TimeSpan ProducerExpirationInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary><c>log.initial.task.delay.ms</c>: from the start to the first look at retention.</summary>
    public TimeSpan InitialDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How much of the disk is to stay free; asked at every look, as it may change.</summary>
    public Func<DiskSpaceMarks> SpaceMarks { get; init; } = static () => DiskSpaceMarks.ByDiskSize;
}

/// <summary>
/// The one loop of a log directory: flushes logs that <c>flush.ms</c> asks for and segments that have ended, writes the
/// checkpoints, forgets silent producers, deletes what retention does not keep and files whose delay is over, measures the free
/// space. A run that takes longer than the interval swallows the ones it overlaps.
/// </summary>
public sealed class LogMaintenance : IDisposable
{
    private readonly LogDirectory _directory;
    private readonly LogMaintenanceOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _running = new();
    private readonly RetentionClock _clock;
    private long _lastCheckpoint;
    private long _lastStartCheckpoint;
    private long _lastRetention;
    private long _lastExpiration;
    private TimeSpan _untilRetention;
    private bool _stopped;

    /// <summary>Starts the loop.</summary>
    public LogMaintenance(LogDirectory directory, LogMaintenanceOptions options, TimeProvider time)
    {
        _directory = directory;
        _options = options;
        _time = time;
        _clock = new RetentionClock(time);
        _lastCheckpoint = _lastStartCheckpoint = _lastRetention = _lastExpiration = time.GetTimestamp();
        _untilRetention = options.InitialDelay < options.RetentionInterval ? options.InitialDelay : options.RetentionInterval;
        directory.MeasureSpace(options.SpaceMarks());
        _timer = time.CreateTimer(_ => RunOnce(), null, options.Interval, options.Interval);
    }

    /// <summary>Stops the loop and waits for a run under way, so that the logs can be closed afterwards.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_running) _stopped = true;
    }

    /// <summary>One run, on the caller's thread; nothing if one is under way or the directory is offline.</summary>
    public void RunOnce()
    {
        if (_directory.IsOffline || !_running.TryEnter()) return;
        try
        {
            if (_stopped) return;
            // Retention is not waited for when space runs short.
            if (_directory.MeasureSpace(_options.SpaceMarks())) _untilRetention = TimeSpan.Zero;
            // First of all: on a full disk, what is deleted makes room for the rest.
            RunRetentionIfDue();
            Attempt(_directory.RunDeletions);
            ExpireProducersIfDue();
            long now = _directory.Environment.ElapsedMs;
            foreach (PartitionLog log in _directory.Logs) FlushIfDue(log, now);
            if (_directory.IsOffline) return;
            if (IsDue(ref _lastCheckpoint, _options.CheckpointInterval)) Attempt(_directory.WriteRecoveryPoints);
            if (_directory.IsOffline) return;
            if (IsDue(ref _lastStartCheckpoint, _options.LogStartCheckpointInterval)) Attempt(_directory.WriteLogStarts);
        }
        finally
        {
            _running.Exit();
        }
    }

    private void RunRetentionIfDue()
    {
        // Asked in every run, so that it sees how long the clock has been where it is.
        long now = _clock.NowMs();
        if (_time.GetElapsedTime(_lastRetention) < _untilRetention) return;
        _untilRetention = _options.RetentionInterval;
        _lastRetention = _time.GetTimestamp();
        _directory.RunRetention(now);
    }

    private void ExpireProducersIfDue()
    {
        if (!IsDue(ref _lastExpiration, _options.ProducerExpirationInterval)) return;
        foreach (PartitionLog log in _directory.Logs) log.ExpireProducers();
    }

    private bool IsDue(ref long last, TimeSpan interval)
    {
        if (_time.GetElapsedTime(last) < interval) return false;
        last = _time.GetTimestamp();
        return true;
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

    private static void FlushIfDue(PartitionLog log, long now)
    {
        LogFlusher flusher = log.Flusher;
        if (!log.IsOpen) return;
        // A failure that could pass, or an owner that did not ask: nobody waits for ever.
        if (flusher.DueEnd > flusher.RecoveryPoint) log.RequestFlush();
        Attempt(() =>
        {
            if (flusher.IsDue(now, log.Config)) log.Flush();
            else if (flusher.SealedEnd > flusher.RecoveryPoint) flusher.Flush(flusher.SealedEnd);
        });
    }
}
