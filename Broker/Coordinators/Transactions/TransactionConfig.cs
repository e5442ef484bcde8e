namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>The broker's settings for transactions, with Kafka's names. Milliseconds where not said otherwise.</summary>
public sealed record TransactionConfig
{
    /// <summary><c>transaction.max.timeout.ms</c>: the longest timeout a producer may ask for.</summary>
    public int MaxTimeoutMs { get; init; } = 900_000;

    /// <summary><c>transaction.abort.timed.out.transaction.cleanup.interval.ms</c>: how often transactions are looked for that are open for too long.</summary>
    public int AbortTimedOutIntervalMs { get; init; } = 10_000;

    /// <summary><c>transactional.id.expiration.ms</c>: how long an id is kept that nobody uses.</summary>
    public int IdExpirationMs { get; init; } = 604_800_000;

    /// <summary><c>transaction.remove.expired.transaction.cleanup.interval.ms</c>: how often ids are looked for that nobody uses.</summary>
    public int RemoveExpiredIntervalMs { get; init; } = 3_600_000;

    /// <summary><c>kbroker.transactions.max.bytes</c>: bytes of memory, about, that ids and open transactions may take on this broker.</summary>
    public long MaxBytes { get; init; } = 268_435_456;
}
