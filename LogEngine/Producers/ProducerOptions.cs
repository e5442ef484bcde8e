namespace KBroker.LogEngine.Producers;

/// <summary>How long and how many producers a log remembers.</summary>
public sealed record ProducerOptions
{
    /// <summary>
    /// <c>producer.id.expiration.ms</c>: a producer that was silent this long, by the monotonic clock and while the log was open, is
    /// forgotten, unless it has a transaction open.
    /// </summary>
    public TimeSpan Expiration { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// How long a guard is kept that nobody appends with, since a coordinator that refuses a transaction does not take it back: longer
    /// than any request for the answer lasts, and not longer than <see cref="Expiration"/>.
    /// </summary>
    public TimeSpan VerificationExpiration { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The most producers that one log remembers. Beyond it those that were silent longest and have no transaction open are forgotten,
    /// an eighth at a time, so that a flood of ids takes no more memory than this many (some 200 bytes each).
    /// </summary>
    public int MaxProducers { get; init; } = 20_000;
}
