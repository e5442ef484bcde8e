namespace KBroker.LogEngine.Compaction;

/// <summary>The settings of the log cleaner, under Kafka's names and with Kafka's defaults.</summary>
public sealed record LogCleanerOptions
{
    /// <summary><c>log.cleaner.enable</c>: without it nothing is compacted.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary><c>log.cleaner.threads</c>: logs that are compacted at once.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>
    /// <c>log.cleaner.dedupe.buffer.size</c>: the most bytes that the offset maps of all threads take together. A map is made for one
    /// cleaning, no larger than its log needs.
    /// </summary>
    public long DedupeBufferSize { get; init; } = 134_217_728;

    /// <summary><c>log.cleaner.io.buffer.load.factor</c>: how full a map gets, above 0 and below 1.</summary>
    public double LoadFactor { get; init; } = 0.9;

    /// <summary>
    /// <c>log.cleaner.io.buffer.size</c>: bytes of the buffers of all threads together; one for reading and one for writing each. A
    /// larger batch makes them grow for as long as its log is compacted.
    /// </summary>
    public int IoBufferSize { get; init; } = 524_288;

    /// <summary><c>log.cleaner.io.max.bytes.per.second</c>: bytes read and written by all threads together.</summary>
    public double MaxIoBytesPerSecond { get; init; } = double.MaxValue;

    /// <summary><c>log.cleaner.backoff.ms</c>: how long a thread that found nothing to do waits.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(15);
}
