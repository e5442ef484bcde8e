namespace KBroker.Protocol.Records;

/// <summary>A record of any magic where it lies: slices of the batch, or of what it decompresses to.</summary>
public readonly ref struct Record
{
    /// <summary>Its offset in the partition.</summary>
    public required long Offset { get; init; }

    /// <summary>Its timestamp in milliseconds, the leader's with log-append time; -1 for none.</summary>
    public required long Timestamp { get; init; }

    /// <summary>The timestamp that its producer gave, whatever <see cref="Timestamp"/> is; -1 for none.</summary>
    public required long CreateTimestamp { get; init; }

    /// <summary>Its sequence, or -1.</summary>
    public int Sequence { get; init; }

    /// <summary>Whether the key is not null.</summary>
    public required bool HasKey { get; init; }

    /// <summary>The key; empty when null.</summary>
    public required ReadOnlySpan<byte> Key { get; init; }

    /// <summary>Whether the value is not null; a null value is a tombstone.</summary>
    public required bool HasValue { get; init; }

    /// <summary>The value; empty when null.</summary>
    public required ReadOnlySpan<byte> Value { get; init; }

    /// <summary>The headers; magic 0 and 1 have none.</summary>
    public RecordHeaders Headers { get; init; }
}
