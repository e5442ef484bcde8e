using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Client;

/// <summary>One partition as the metadata shows it.</summary>
/// <param name="Partition">Its number.</param>
/// <param name="LeaderId">The leader's broker id; -1 for none.</param>
/// <param name="LeaderEpoch">The leader's epoch; -1 when the broker does not say.</param>
public readonly record struct PartitionView(int Partition, int LeaderId, int LeaderEpoch);

/// <summary>One topic as the metadata shows it.</summary>
public sealed class TopicView
{
    private readonly PartitionView[] _partitions;

    /// <summary>A topic with its partitions, in any order.</summary>
    public TopicView(MetadataResponse.MetadataResponseTopic topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        Name = topic.Name ?? "";
        Id = topic.TopicId;
        _partitions = [.. topic.Partitions
            .Select(partition => new PartitionView(
                partition.PartitionIndex,
                partition.ErrorCode == ErrorCode.LeaderNotAvailable ? -1 : partition.LeaderId,
                partition.LeaderEpoch))
            .OrderBy(partition => partition.Partition)];
    }

    /// <summary>The topic's name.</summary>
    public string Name { get; }

    /// <summary>The topic's id; all zero when the broker does not say (KIP-516).</summary>
    public Guid Id { get; }

    /// <summary>The partitions by ascending number.</summary>
    public IReadOnlyList<PartitionView> Partitions => _partitions;

    /// <summary>A partition by its number; null when the topic does not have it.</summary>
    public PartitionView? Find(int partition)
    {
        if ((uint)partition < (uint)_partitions.Length && _partitions[partition].Partition == partition) return _partitions[partition];
        foreach (PartitionView view in _partitions)
            if (view.Partition == partition) return view;
        return null;
    }
}
