using System.Collections.Immutable;

namespace KBroker.Controller.Metadata;

/// <summary>A topic: <c>Partitions[i].Id == i</c>, and there is at least one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id (KIP-516), which a topic created again under the same name does not share.</param>
/// <param name="Partitions">Its partitions, by index.</param>
public sealed record TopicImage(string Name, Guid Id, ImmutableArray<PartitionImage> Partitions)
{
    /// <summary>The partition of an index, or null.</summary>
    public PartitionImage? Partition(int index)
        => (uint)index < (uint)Partitions.Length ? Partitions[index] : null;

    /// <summary>The topic with one partition replaced.</summary>
    public TopicImage With(PartitionImage partition) => this with { Partitions = Partitions.SetItem(partition.Id, partition) };
}
