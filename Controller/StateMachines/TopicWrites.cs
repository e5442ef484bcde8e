using System.Collections.Immutable;
using KBroker.Controller.Coordination;
using KBroker.Controller.Election;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.StateMachines;

/// <summary>
/// The writes behind changes of topics, in an order that leaves a tree a controller can load wherever it ends: a topic
/// without the states of some partitions is finished at load, a topic marked for deletion is deleted at load.
/// </summary>
internal static class TopicWrites
{
    public static void Create(
        List<CoordinationOperation> writes, TopicImage topic, ImmutableDictionary<string, string> config, bool hadConfigNode,
        ControllerEpoch epoch)
    {
        if (!config.IsEmpty || hadConfigNode) SetConfig(writes, Znodes.TopicConfig(topic.Name), config, hadConfigNode);
        writes.Add(new CoordinationOperation.Create(Znodes.Topic(topic.Name), TopicZnode.Encode(topic)));
        writes.Add(new CoordinationOperation.Create(Znodes.Partitions(topic.Name), default));
        foreach (PartitionImage partition in topic.Partitions) CreateState(writes, topic.Name, partition, epoch);
    }

    /// <summary>
    /// The same for a topic whose states no other term could make up: until the last of them is written it counts as one to be deleted, so
    /// that it is there as a whole or, after a crash, not at all.
    /// </summary>
    public static void CreateWhole(
        List<CoordinationOperation> writes, TopicImage topic, ImmutableDictionary<string, string> config, bool hadConfigNode,
        ControllerEpoch epoch)
    {
        writes.Add(new CoordinationOperation.Create(Znodes.DeleteTopic(topic.Name), default));
        Create(writes, topic, config, hadConfigNode, epoch);
        writes.Add(new CoordinationOperation.Delete(Znodes.DeleteTopic(topic.Name)));
    }

    public static void AddPartitions(List<CoordinationOperation> writes, TopicImage topic, int firstNew, ControllerEpoch epoch)
    {
        writes.Add(new CoordinationOperation.SetData(Znodes.Topic(topic.Name), TopicZnode.Encode(topic)));
        foreach (PartitionImage partition in topic.Partitions.Skip(firstNew)) CreateState(writes, topic.Name, partition, epoch);
    }

    public static void CreateState(
        List<CoordinationOperation> writes, string topic, PartitionImage partition, ControllerEpoch epoch)
    {
        writes.Add(new CoordinationOperation.Create(Znodes.Partition(topic, partition.Id), default));
        writes.Add(new CoordinationOperation.Create(
            Znodes.PartitionState(topic, partition.Id), PartitionStateZnode.Encode(partition, epoch)));
    }

    /// <summary>Writes a partition whose partition epoch was raised by one.</summary>
    public static CoordinationOperation ChangeState(string topic, PartitionImage partition, ControllerEpoch epoch)
        => new CoordinationOperation.SetData(
            Znodes.PartitionState(topic, partition.Id), PartitionStateZnode.Encode(partition, epoch),
            partition.PartitionEpoch.Value - 1);

    public static void Delete(List<CoordinationOperation> writes, TopicImage topic, bool hasConfigNode)
    {
        writes.Add(new CoordinationOperation.Create(Znodes.DeleteTopic(topic.Name), default));
        foreach (PartitionImage partition in topic.Partitions)
        {
            writes.Add(new CoordinationOperation.Delete(Znodes.PartitionState(topic.Name, partition.Id)));
            writes.Add(new CoordinationOperation.Delete(Znodes.Partition(topic.Name, partition.Id)));
        }

        writes.Add(new CoordinationOperation.Delete(Znodes.Partitions(topic.Name)));
        writes.Add(new CoordinationOperation.Delete(Znodes.Topic(topic.Name)));
        if (hasConfigNode) writes.Add(new CoordinationOperation.Delete(Znodes.TopicConfig(topic.Name)));
        writes.Add(new CoordinationOperation.Delete(Znodes.DeleteTopic(topic.Name)));
    }

    /// <summary>Sets a configuration node; an empty one is deleted, so that a node exists exactly where the image has one.</summary>
    public static void SetConfig(
        List<CoordinationOperation> writes, string path, ImmutableDictionary<string, string> config, bool exists)
    {
        if (!config.IsEmpty)
        {
            byte[] data = ConfigZnode.Encode(config);
            writes.Add(exists ? new CoordinationOperation.SetData(path, data) : new CoordinationOperation.Create(path, data));
        }
        else if (exists)
        {
            writes.Add(new CoordinationOperation.Delete(path));
        }
    }
}
