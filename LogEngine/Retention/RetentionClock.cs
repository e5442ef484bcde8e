namespace KBroker.LogEngine.Retention;

/// <summary>
/// The wall clock as retention trusts it. What is deleted cannot be brought back, so a leap forward counts only once the clock has
/// kept it for a while; a leap backward, after which less is too old, counts at once.
/// </summary>
/// <remarks>
/// The distance between the wall clock and the monotonic one changes by leaps alone. The smallest distance of the last
/// <see cref="Patience"/> to twice that long decides: under a clock that swings to and fro it is the lowest one throughout.
/// Not thread-safe.
/// </remarks>
internal sealed class RetentionClock
{
    /// <summary>How long the clock must keep a leap forward before records are deleted by it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    private readonly TimeProvider _time;
    private readonly long _origin;
    private long _before;
    private long _smallest;
    private long _since;

    /// <summary>Takes the clock as it is for right: a leap is one from here on.</summary>
    public RetentionClock(TimeProvider time)
    {
        _time = time;
        _origin = time.GetTimestamp();
        _before = _smallest = Distance(0);
    }

    /// <summary>The time in milliseconds since the epoch; never later than the wall clock. To be called often: leaps between two calls count as one.</summary>
    public long NowMs()
    {
        long elapsed = (long)_time.GetElapsedTime(_origin).TotalMilliseconds;
        long distance = Distance(elapsed);
        if (elapsed - _since >= Patience.TotalMilliseconds)
        {
            _before = _smallest;
            _smallest = distance;
            _since = elapsed;
        }

        _smallest = Math.Min(_smallest, distance);
        return elapsed + Math.Min(_smallest, _before);
    }

    private long Distance(long elapsed) => _time.GetUtcNow().ToUnixTimeMilliseconds() - elapsed;
}
