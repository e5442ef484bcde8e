using System.Collections.Concurrent;
using KBroker.Controller.Coordination;
using KBroker.Controller.Events;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests;

public sealed class RunningControllerTests
{
    [Fact]
    public async Task CreateTopics_FromManyThreadsOnRealDisk_AllAreThereAfterReopening()
    {
        string directory = Directory.CreateTempSubdirectory("kbroker-controller-").FullName;
        try
        {
            var ids = new ConcurrentDictionary<string, Guid>();
            await WithControllerAsync(directory, async (controller, feed) =>
            {
                await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
                {
                    // Half of the names are wanted twice: one wish wins.
                    string name = "topic-" + (i % 30);
                    CreateTopicResult result = (await controller.CreateTopicsAsync([new NewTopic(name, 2, 1, [], [])], false))[0];
                    if (result.Error == ErrorCode.None) Assert.True(ids.TryAdd(name, result.TopicId));
                    else Assert.Equal(ErrorCode.TopicAlreadyExists, result.Error);
                    Assert.True(feed.Current.TryGetTopic(name, out _));
                })));
            });
            Assert.Equal(30, ids.Count);
            await WithControllerAsync(directory, (_, feed) =>
            {
                Assert.Equal(ids.OrderBy(id => id.Key), feed.Current.Topics.Select(t => KeyValuePair.Create(t.Name, t.Id)).OrderBy(t => t.Key));
                return Task.CompletedTask;
            });
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task WithControllerAsync(string directory, Func<ClusterController, MetadataFeed, Task> use)
    {
        var faults = new ConcurrentQueue<Exception>();
        var feed = new MetadataFeed();
        await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(directory))
        await using (ICoordinationSession session = await store.OpenSessionAsync())
        await using (var loop = new ChannelEventLoop(faults.Enqueue))
        await using (var controller = new ClusterController(
            new ControllerOptions(new BrokerId(1)), session, loop, feed, new ControllerRig.FakeValidator(), new Random(1), TimeProvider.System))
        {
            Assert.Equal(ErrorCode.None, (await controller.RegisterBrokerAsync([ControllerRig.Endpoint], null)).Error);
            await controller.StartAsync();
            Assert.True(controller.IsActive);
            await use(controller, feed);
        }

        Assert.Empty(faults);
    }
}
