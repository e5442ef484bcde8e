namespace KBroker.LogEngine.Compaction;

/// <summary>
/// The share of the disk that all cleaner threads together may take. What was spent too fast is told as a time to wait; what was not
/// spent is not saved for later.
/// </summary>
internal sealed class IoThrottle(TimeProvider time, double bytesPerSecond)
{
    private readonly Lock _lock = new();
    private long _freeAt = time.GetTimestamp();

    /// <summary>Takes bytes into account; how long to wait before the next.</summary>
    public TimeSpan Spend(long bytes)
    {
        if (bytesPerSecond >= long.MaxValue) return TimeSpan.Zero;
        double ticks = bytes / Math.Max(bytesPerSecond, 1) * time.TimestampFrequency;
        lock (_lock)
        {
            long now = time.GetTimestamp();
            _freeAt = Math.Max(_freeAt, now) + (long)Math.Min(ticks, long.MaxValue / 4);
            return time.GetElapsedTime(now, _freeAt);
        }
    }
}
