namespace KBroker.Broker.Partitions;

/// <summary>Something that waits for a partition to move: a Fetch below its minimum of bytes, a Produce with acks=all.</summary>
public interface IProgressWaiter
{
    /// <summary>
    /// The partition's visible end moved by <paramref name="bytes"/>, or its leadership or log start changed (0 bytes,
    /// <paramref name="mustReread"/>). Called outside the partition's lock, on the thread that caused it: it must only count
    /// and signal.
    /// </summary>
    void OnProgress(Partition partition, long bytes, bool mustReread);
}
