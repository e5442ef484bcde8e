namespace KBroker.Cli.Client;

/// <summary>
/// The waits between the attempts of one operation: doubling from the first to the longest, each moved by up to a fifth at
/// random so that clients do not come back in step (KIP-580).
/// </summary>
public sealed class RetryBackoff
{
    private readonly ClientOptions _options;
    private readonly long _started;
    private readonly TimeSpan _limit;
    private int _attempts;

    /// <summary>Starts the time that the operation has: <paramref name="limit"/>.</summary>
    public RetryBackoff(ClientOptions options, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _limit = limit;
        _started = options.Time.GetTimestamp();
    }

    /// <summary>Whether the operation's time is up.</summary>
    public bool IsExhausted => _options.Time.GetElapsedTime(_started) >= _limit;

    /// <summary>The attempts that were followed by a wait.</summary>
    public int Attempts => _attempts;

    /// <summary>Waits before the next attempt; false, at once, when the operation's time is up.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellation)
    {
        if (IsExhausted) return false;
        double scale = Math.Pow(2, Math.Min(_attempts++, 30));
        double milliseconds = Math.Min(_options.RetryBackoff.TotalMilliseconds * scale, _options.RetryBackoffMax.TotalMilliseconds);
        double jitter;
        lock (_options.Random) jitter = 0.8 + (0.4 * _options.Random.NextDouble());
        await Task.Delay(TimeSpan.FromMilliseconds(milliseconds * jitter), _options.Time, cancellation);
        return true;
    }
}
