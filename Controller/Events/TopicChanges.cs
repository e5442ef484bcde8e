using System.Collections.Immutable;
using KBroker.Controller.Metadata;

namespace KBroker.Controller.Events;

/// <summary>Collects changes of single partitions into changes of topics.</summary>
internal sealed class TopicChanges(ClusterMetadataImage image)
{
    private readonly Dictionary<
        string, (ImmutableArray<PartitionImage>.Builder Partitions, SortedSet<int> Changed, TopicImage Topic)> _topics
        = new(StringComparer.Ordinal);

    /// <summary>A topic of the image with the changes so far.</summary>
    public TopicImage Current(string topic)
    {
        if (_topics.TryGetValue(topic, out var entry)) return entry.Topic with { Partitions = entry.Partitions.ToImmutable() };
        return image.TryGetTopic(topic, out TopicImage? found)
            ? found
            : throw new InvalidOperationException($"Topic {topic} is not in the image.");
    }

    public void Set(string topic, PartitionImage partition)
    {
        if (!_topics.TryGetValue(topic, out var entry))
        {
            TopicImage found = Current(topic);
            _topics[topic] = entry = (found.Partitions.ToBuilder(), [], found);
        }

        entry.Partitions[partition.Id] = partition;
        entry.Changed.Add(partition.Id);
    }

    public ImmutableArray<TopicChange> ToChanges() =>
        [.. _topics.Values.Select(entry => new TopicChange(
            entry.Topic with { Partitions = entry.Partitions.ToImmutable() }, [.. entry.Changed]))];
}
