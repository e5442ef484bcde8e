using System.Text;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests.Metadata;

public sealed class ClusterMetadataImageTests
{
    [Fact]
    public void Apply_RandomDeltas_AgreesWithModelAndLeavesOldImagesAlone()
    {
        var random = new Random(11);
        var model = new Dictionary<string, TopicImage>(StringComparer.Ordinal);
        ClusterMetadataImage image = ClusterMetadataImage.Create(default, "id", new BrokerId(1));
        var history = new List<(ClusterMetadataImage Image, int Count)>();
        for (int i = 0; i < 2000; i++)
        {
            string name = "topic-" + random.Next(300);
            ClusterMetadataDelta delta;
            if (model.Remove(name, out TopicImage? old) && random.Next(2) == 0)
            {
                delta = new() { DeletedTopics = [old] };
            }
            else if (old is null)
            {
                model[name] = new TopicImage(name, Guid.NewGuid(), []);
                delta = new() { CreatedTopics = [model[name]] };
            }
            else
            {
                model[name] = new TopicImage(name, Guid.NewGuid(), []);
                delta = new() { DeletedTopics = [old], CreatedTopics = [model[name]] };
            }

            image = image.Apply(delta, new MetadataVersion(new ControllerEpoch(1), i));
            history.Add((image, model.Count));
            if (old is not null) Assert.False(image.TryGetTopic(old.Id, out _));
        }

        Assert.Equal(model.Values.OrderBy(t => t.Name, StringComparer.Ordinal), image.Topics.OrderBy(t => t.Name, StringComparer.Ordinal));
        Assert.All(history, entry => Assert.Equal(entry.Count, entry.Image.Topics.Count()));
        Assert.All(history, entry => Assert.Equal(entry.Count, entry.Image.TopicCount));
        for (int i = 0; i < 300; i++)
        {
            string name = "topic-" + i;
            Assert.Equal(model.ContainsKey(name), image.TryGetTopic(Encoding.UTF8.GetBytes(name), out TopicImage? topic));
            if (topic is null) continue;
            Assert.True(image.TryGetTopic(topic.Id, out TopicImage? byId));
            Assert.Same(topic, byId);
        }
    }

    [Fact]
    public void TryGetTopic_ByBytes_AllocatesNothing()
    {
        ClusterMetadataImage image = ClusterMetadataImage.Create(default, "id", new BrokerId(1)).Apply(
            new ClusterMetadataDelta { CreatedTopics = [new TopicImage("orders", Guid.NewGuid(), [])] }, default);
        byte[] there = "orders"u8.ToArray();
        byte[] missing = [0xC3, 0x28, 0xFF];
        for (int i = 0; i < 100; i++) image.TryGetTopic(there, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool found = image.TryGetTopic(there, out _);
        bool foundMissing = image.TryGetTopic(missing, out _);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(found);
        Assert.False(foundMissing);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Publish_NotNewer_IsRefused()
    {
        var feed = new MetadataFeed();
        var seen = new List<MetadataVersion>();
        IDisposable subscription = feed.Subscribe(update => seen.Add(update.Image.Version));
        bool Publish(int epoch, long number) => feed.Publish(new(
            ClusterMetadataImage.Create(new MetadataVersion(new ControllerEpoch(epoch), number), "id", new BrokerId(1)),
            new ClusterMetadataDelta { IsFull = true }));
        Assert.True(Publish(1, 5));
        Assert.False(Publish(1, 5));
        Assert.False(Publish(1, 4));
        Assert.True(Publish(2, 1));
        Assert.False(Publish(1, 9));
        subscription.Dispose();
        Assert.True(Publish(2, 2));
        Assert.Equal(new MetadataVersion(new ControllerEpoch(2), 2), feed.Current.Version);
        Assert.Equal([(0, 0), (1, 5), (2, 1)], seen.Select(version => (version.ControllerEpoch.Value, version.Number)));
    }
}
