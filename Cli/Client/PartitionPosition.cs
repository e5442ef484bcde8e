namespace KBroker.Cli.Client;

/// <summary>How far a consumer is in one partition.</summary>
internal sealed class PartitionPosition(int partition, int maxBytes)
{
    public int Partition { get; } = partition;

    /// <summary>The next offset to fetch; -1 while it has to be looked up from <see cref="Start"/>.</summary>
    public long Offset { get; set; } = -1;

    /// <summary>Where to begin, or to begin anew.</summary>
    public required StartPosition Start { get; set; }

    /// <summary>The most bytes to ask for; grows while a batch does not fit.</summary>
    public int MaxBytes { get; set; } = maxBytes;
}
