namespace KBroker.Cli.Client;

/// <summary>
/// Chooses partitions as Kafka's producer does: by the key's hash; without a key one partition for a batch's worth of bytes and
/// then another, picked at random among those with a leader (KIP-480, KIP-794).
/// </summary>
public sealed class RecordPartitioner
{
    private readonly Random _random;
    private readonly int _stickyBytes;
    private int _current = -1;
    private long _bytes;

    /// <summary>Makes one that changes its choice after <paramref name="stickyBytes"/> bytes without a key.</summary>
    public RecordPartitioner(Random random, int stickyBytes)
    {
        _random = random;
        _stickyBytes = Math.Max(1, stickyBytes);
    }

    /// <summary>The partition of a key among <paramref name="partitionCount"/>, with or without a leader.</summary>
    public static int ForKey(ReadOnlySpan<byte> key, int partitionCount) => (Murmur2.Hash(key) & int.MaxValue) % partitionCount;

    /// <summary>The partition of a record that has no key.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="recordBytes">The record's size, in bytes.</param>
    public int ForNoKey(TopicView topic, int recordBytes)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (_current < 0 || _bytes >= _stickyBytes || topic.Find(_current) is not { LeaderId: >= 0 })
        {
            _current = Pick(topic);
            _bytes = 0;
        }

        _bytes += recordBytes;
        return _current;
    }

    private int Pick(TopicView topic)
    {
        int led = topic.Partitions.Count(partition => partition.LeaderId >= 0);
        if (led == 0) return topic.Partitions[_random.Next(topic.Partitions.Count)].Partition;
        bool mayRepeat = led == 1 || _current < 0 || topic.Find(_current) is not { LeaderId: >= 0 };
        int skip = _random.Next(mayRepeat ? led : led - 1);
        foreach (PartitionView partition in topic.Partitions)
        {
            if (partition.LeaderId < 0 || (!mayRepeat && partition.Partition == _current)) continue;
            if (skip-- == 0) return partition.Partition;
        }

        return topic.Partitions[0].Partition;
    }
}
