using KBroker.Protocol.Compression;

namespace KBroker.Cli.Client;

/// <summary>What a producer goes by; names and defaults are Kafka's.</summary>
public sealed record ProducerOptions
{
    /// <summary><c>acks</c>: -1 for all replicas in sync, 1 for the leader, 0 for none.</summary>
    public short Acks { get; init; } = -1;

    /// <summary><c>batch.size</c>: a batch is sent when it has this many bytes.</summary>
    public int BatchSize { get; init; } = 16384;

    /// <summary><c>linger.ms</c>: how long a batch that is not full waits for more.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary><c>compression.type</c>.</summary>
    public CompressionType Compression { get; init; } = CompressionType.None;

    /// <summary><c>max.request.size</c>: the largest record and the largest batch, in bytes before compression.</summary>
    public int MaxRequestSize { get; init; } = 1 << 20;

    /// <summary><c>buffer.memory</c>: the most bytes that wait to be sent.</summary>
    public long BufferMemory { get; init; } = 32 << 20;

    /// <summary><c>max.block.ms</c>: the longest wait for metadata, or for room in the buffer.</summary>
    public TimeSpan MaxBlock { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>delivery.timeout.ms</c>: the longest time from a record's batch being full to its success or failure.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary><c>retries</c>: the most further attempts for one batch.</summary>
    public int Retries { get; init; } = int.MaxValue;

    /// <summary>
    /// <c>max.in.flight.requests.per.connection</c>: the most unanswered requests to one broker. Of one partition there is never
    /// more than one, so that a retry cannot change the order.
    /// </summary>
    public int MaxInFlight { get; init; } = 5;
}
