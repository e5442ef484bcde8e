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
internal sealed class RetentionClock(TimeProvider time)
{
    /// <summary>How long the clock must keep a leap forward before records are deleted by it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    private readonly long _origin = time.GetTimestamp();
    private long _before = long.MaxValue;
    private long _smallest = long.MaxValue;
    private long _since;
    private bool _started;

    /// <summary>The time in milliseconds since the epoch; never later than the wall clock. To be called often: leaps between two calls count as one.</summary>
    public long NowMs()
    {
        long elapsed = (long)time.GetElapsedTime(_origin).TotalMilliseconds;
        long distance = time.GetUtcNow().ToUnixTimeMilliseconds() - elapsed;
        if (!_started || elapsed - _since >= Patience.TotalMilliseconds)
        {
            _before = _started ? _smallest : distance;
            _smallest = distance;
            _since = elapsed;
            _started = true;
        }

        _smallest = Math.Min(_smallest, distance);
        return elapsed + Math.Min(_smallest, _before);
    }
}
