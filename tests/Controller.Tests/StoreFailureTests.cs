using KBroker.Controller.Coordination;
using KBroker.Controller.Tests.Coordination;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests;

public sealed class StoreFailureTests
{
    [Fact]
    public async Task CreateTopics_DiskFullForAWhile_ControllerGoesOnOnceThereIsRoom()
    {
        var inner = new CrashingJournalStorage(new Random(1));
        var disk = new FullDiskJournalStorage(inner, new Random(2));
        var failures = new List<Exception>();
        await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk))
        {
            ControllerRig rig = await ControllerRig.StartAsync(store, configure: options => options with { OnStoreFailure = failures.Add });
            Assert.Equal(ErrorCode.None, (await rig.CreateAsync("kept")).Error);
            Assert.Equal(ErrorCode.None, (await rig.CreateAsync("old")).Error);

            disk.IsFull = _ => true;
            await Assert.ThrowsAsync<IOException>(() => rig.CreateAsync("refused"));
            Assert.False(rig.Controller.IsActive);
            Assert.Single(failures);
            for (int i = 2; i < 5; i++)
            {
                // Each event tries once.
                int refusals = disk.Refusals;
                Assert.Equal(ErrorCode.NotController, (await rig.CreateAsync("refused")).Error);
                Assert.Equal((refusals + 1, i), (disk.Refusals, failures.Count));
            }

            disk.IsFull = _ => false;
            Assert.Equal(ErrorCode.None, (await rig.CreateAsync("new", partitions: 2)).Error);
            Assert.Equal(ErrorCode.None, (await rig.DeleteAsync("old")).Error);
            Assert.True(rig.Controller.IsActive);
            Assert.Equal(new ControllerEpoch(2), rig.Controller.ActiveEpoch);
            Assert.Equal(4, failures.Count);
            Assert.Equal(["kept", "new"], rig.Image.Topics.Select(topic => topic.Name).Order());
            Assert.All(rig.Image.Topics, topic => Assert.All(topic.Partitions, p => Assert.Equal(new BrokerId(1), p.Leader)));
        }

        await using EmbeddedCoordinationStore reopened = EmbeddedCoordinationStore.Open(inner.PowerCycle(new Random(3)));
        ControllerRig next = await ControllerRig.StartAsync(reopened);
        Assert.Equal(["kept", "new"], next.Image.Topics.Select(topic => topic.Name).Order());
    }

    [Fact]
    public async Task CreateTopics_SomeOfItsWritesRefused_TheNextTermKnowsWhatWasWritten()
    {
        var inner = new CrashingJournalStorage(new Random(1));
        var disk = new FullDiskJournalStorage(inner, new Random(2));
        await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
        ControllerRig rig = await ControllerRig.StartAsync(store, configure: options => options with { OperationsPerWrite = 3 });
        int appends = 0;
        disk.IsFull = _ => ++appends > 2;
        await Assert.ThrowsAsync<IOException>(() => rig.CreateAsync("t", partitions: 5));
        disk.IsFull = _ => false;
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await rig.CreateAsync("t", partitions: 5)).Error);
        Assert.True(rig.Image.TryGetTopic("t", out _));
        Assert.Equal(ErrorCode.None, (await rig.DeleteAsync("t")).Error);
        Assert.Equal(ErrorCode.None, (await rig.CreateAsync("t", partitions: 5)).Error);
    }

    [Fact]
    public async Task CreateTopics_SyncFailed_IsRefusedUntilTheStoreIsReopened()
    {
        var inner = new CrashingJournalStorage(new Random(1));
        var disk = new FullDiskJournalStorage(inner, new Random(2));
        var failures = new List<Exception>();
        await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
        ControllerRig rig = await ControllerRig.StartAsync(store, configure: options => options with { OnStoreFailure = failures.Add });
        disk.SyncFails = true;
        await Assert.ThrowsAsync<IOException>(() => rig.CreateAsync("t"));
        disk.SyncFails = false;
        int operations = inner.Operations;
        Assert.Equal(ErrorCode.NotController, (await rig.CreateAsync("t")).Error);
        Assert.Equal((operations, 2), (inner.Operations, failures.Count));
        Assert.False(rig.Controller.IsActive);
    }
}
