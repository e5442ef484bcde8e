using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Client;

/// <summary>Finds offsets of partitions of any number of topics.</summary>
public sealed class PartitionOffsetsClient(ClusterClient cluster)
{
    /// <summary>The partitions of topics that exist, by topic.</summary>
    /// <exception cref="ClientException">No broker answered.</exception>
    public async Task<IReadOnlyDictionary<string, TopicView>> TopicsAsync(IEnumerable<string> topics, CancellationToken cancellation)
    {
        string[] names = [.. topics.Distinct(StringComparer.Ordinal)];
        if (names.Length == 0) return new Dictionary<string, TopicView>();
        MetadataResponse metadata = await new AdminClient(cluster).MetadataAsync(cancellation);
        return metadata.Topics
            .Where(topic => topic.Name is not null && names.Contains(topic.Name, StringComparer.Ordinal) && topic.Partitions.Length > 0)
            .ToDictionary(topic => topic.Name!, topic => new TopicView(topic), StringComparer.Ordinal);
    }

    /// <summary>The offset at which reading from a place would begin; partitions that do not exist or have no leader are left out.</summary>
    /// <exception cref="ClientException">A broker refuses, or the time is up.</exception>
    public async Task<IReadOnlyDictionary<TopicPartition, long>> FindAsync(
        IReadOnlyCollection<TopicPartition> partitions, StartPosition start, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, TopicView> topics = await TopicsAsync(partitions.Select(one => one.Topic), cancellation);
        var found = new Dictionary<TopicPartition, long>();
        foreach (IGrouping<string, TopicPartition> topic in partitions.Distinct().GroupBy(one => one.Topic))
        {
            if (!topics.TryGetValue(topic.Key, out TopicView? view)) continue;
            List<PartitionPosition> positions =
            [
                .. topic.Where(one => view.Find(one.Partition) is { LeaderId: >= 0 }).Select(one => new PartitionPosition(one.Partition, 0) { Start = start }),
            ];
            await new OffsetLookup(cluster, readCommitted: false).ResolveAllAsync(topic.Key, positions, cancellation);
            foreach (PartitionPosition position in positions) found[new TopicPartition(topic.Key, position.Partition)] = position.Offset;
        }

        return found;
    }
}
