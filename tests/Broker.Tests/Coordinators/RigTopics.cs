using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>The topics that a shard of groups sees; ids are made of numbers, and are never used again.</summary>
internal sealed class RigTopics
{
    private int _ids;
    private long _version;

    public ClusterMetadataImage Image { get; private set; } = ClusterMetadataImage.Create(new MetadataVersion(new ControllerEpoch(1), 0), "cluster", new BrokerId(0));

    public Guid Id(string name) => Image.TryGetTopic(name, out TopicImage? topic) ? topic.Id : throw new InvalidOperationException($"there is no topic {name}");

    public Guid Create(string name, int partitions)
    {
        var id = new Guid(0x7070, 0, 0, BitConverter.GetBytes((long)++_ids));
        Apply(new ClusterMetadataDelta { CreatedTopics = [Topic(name, id, partitions)] });
        return id;
    }

    public void Grow(string name, int partitions)
    {
        Assert.True(Image.TryGetTopic(name, out TopicImage? before));
        TopicImage after = Topic(name, before.Id, partitions);
        Apply(new ClusterMetadataDelta { ChangedTopics = [new TopicChange(after, [])] });
    }

    public void Delete(string name)
    {
        Assert.True(Image.TryGetTopic(name, out TopicImage? topic));
        Apply(new ClusterMetadataDelta { DeletedTopics = [topic] });
    }

    private void Apply(ClusterMetadataDelta delta) => Image = Image.Apply(delta, new MetadataVersion(new ControllerEpoch(1), ++_version));

    private static TopicImage Topic(string name, Guid id, int partitions) => new(
        name,
        id,
        [
            .. Enumerable.Range(0, partitions).Select(index => new PartitionImage(
                index, [new BrokerId(0)], [new BrokerId(0)], [], [], new BrokerId(0), new LeaderEpoch(0), new PartitionEpoch(0))),
        ]);
}
