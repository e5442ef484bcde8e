using KBroker.Protocol.Records;

namespace KBroker.Cli.Client;

/// <summary>A record to be produced. Its bytes are copied when it is sent.</summary>
/// <param name="Key">The key, or null.</param>
/// <param name="Value">The value, or null for a tombstone.</param>
/// <param name="Headers">The headers, or null for none.</param>
/// <param name="Partition">The partition, or null for the partitioner's choice.</param>
/// <param name="Timestamp">Milliseconds since the epoch, or null for now.</param>
public readonly record struct ProducerRecord(
    ReadOnlyMemory<byte>? Key,
    ReadOnlyMemory<byte>? Value,
    IReadOnlyList<RecordHeader>? Headers = null,
    int? Partition = null,
    long? Timestamp = null)
{
    // Length, attributes, timestamp and offset delta, key and value length, header count: all varints, at their longest.
    private const int MaxOverhead = 5 + 1 + 10 + 5 + 5 + 5 + 5;

    /// <summary>The most bytes that the record takes in a batch, not compressed.</summary>
    public long MaxSize
    {
        get
        {
            long size = MaxOverhead + (Key?.Length ?? 0L) + (Value?.Length ?? 0L);
            for (int i = 0; i < (Headers?.Count ?? 0); i++)
                size += 10 + (Headers![i].Key.Length * 3L) + (Headers[i].Value?.Length ?? 0);
            return size;
        }
    }
}
