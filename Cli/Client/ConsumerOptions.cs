namespace KBroker.Cli.Client;

/// <summary>What a consumer goes by; names and defaults are Kafka's.</summary>
public sealed record ConsumerOptions
{
    /// <summary>Where to begin in each partition.</summary>
    public StartPosition Start { get; init; } = StartPosition.Latest;

    /// <summary>Where to go on when a partition does not hold the offset: <c>auto.offset.reset</c>.</summary>
    public StartPosition Reset { get; init; } = StartPosition.Latest;

    /// <summary>The partitions to read; null for all.</summary>
    public IReadOnlyList<int>? Partitions { get; init; }

    /// <summary><c>isolation.level</c>: leave out records of transactions that are open or aborted.</summary>
    public bool ReadCommitted { get; init; }

    /// <summary><c>fetch.max.wait.ms</c>: how long the broker waits for <see cref="MinBytes"/>.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary><c>fetch.min.bytes</c>.</summary>
    public int MinBytes { get; init; } = 1;

    /// <summary><c>fetch.max.bytes</c>: the most bytes of one response, a single larger batch aside.</summary>
    public int MaxBytes { get; init; } = 50 << 20;

    /// <summary><c>max.partition.fetch.bytes</c>: the most bytes of one partition in a response, a single larger batch aside.</summary>
    public int PartitionMaxBytes { get; init; } = 1 << 20;

    /// <summary><c>check.crcs</c>.</summary>
    public bool CheckCrcs { get; init; } = true;

    /// <summary>How long to wait for a topic that does not exist, which asking for may create.</summary>
    public TimeSpan TopicTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
