using System.Text;
using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Controller.Tests.Coordination;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests;

public sealed class ControllerTermTests
{
    [Fact]
    public async Task Start_AfterRestart_KeepsIdsAndConfigsAndRaisesEpochs()
    {
        var disk = new CrashingJournalStorage(new Random(1));
        string clusterId;
        Guid topicId;
        BrokerEpoch brokerEpoch;
        MetadataVersion version;
        await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk))
        {
            // The rig is not disposed: the process is killed.
            ControllerRig rig = await ControllerRig.StartAsync(store);
            topicId = (await rig.CreateAsync(new NewTopic("t", 2, 1, [], [new("a", "b")]))).TopicId;
            clusterId = rig.Image.ClusterId;
            brokerEpoch = rig.Image.Brokers[new BrokerId(1)].Epoch;
            version = rig.Image.Version;
        }

        for (int restart = 1; restart <= 3; restart++)
        {
            await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
            ControllerRig rig = await ControllerRig.StartAsync(store, seed: restart);
            Assert.Equal(clusterId, rig.Image.ClusterId);
            Assert.True(rig.Image.TryGetTopic("t", out TopicImage? topic));
            Assert.Equal(topicId, topic.Id);
            Assert.Equal("b", rig.Image.TopicConfig("t")["a"]);
            Assert.True(rig.Image.Brokers[new BrokerId(1)].Epoch.Value > brokerEpoch.Value);
            Assert.True(rig.Image.Version > version);
            Assert.All(topic.Partitions, partition =>
            {
                Assert.Equal(new BrokerId(1), partition.Leader);
                Assert.Equal(new LeaderEpoch(restart), partition.LeaderEpoch);
                Assert.Equal(new PartitionEpoch(restart), partition.PartitionEpoch);
            });
            brokerEpoch = rig.Image.Brokers[new BrokerId(1)].Epoch;
            version = rig.Image.Version;
        }
    }

    [Fact]
    public async Task Start_OfficeTaken_WaitsAndTakesOverWhenTheSessionEnds()
    {
        var store = new InMemoryCoordinationStore();
        ControllerRig first = await ControllerRig.StartAsync(store, id: 1);
        await using ControllerRig second = await ControllerRig.StartAsync(store, id: 2);
        await first.Loop.RunUntilIdleAsync();
        Assert.True(first.Controller.IsActive);
        Assert.False(second.Controller.IsActive);
        Assert.Equal(ErrorCode.NotController, (await second.CreateAsync("t")).Error);
        Assert.Equal(ErrorCode.None, (await first.CreateAsync("t", partitions: 4, replicas: 2)).Error);

        await store.ExpireSessionAsync(first.Session.SessionId);
        await second.Loop.RunUntilIdleAsync();
        Assert.True(second.Controller.IsActive);
        Assert.Equal(new ControllerEpoch(2), second.Image.Version.ControllerEpoch);
        Assert.True(second.Image.TryGetTopic("t", out TopicImage? topic));
        Assert.All(topic.Partitions, partition =>
        {
            Assert.Equal(new BrokerId(2), partition.Leader);
            Assert.Equal([new BrokerId(2)], partition.Isr.AsEnumerable());
            Assert.Equal(new LeaderEpoch(1), partition.LeaderEpoch);
        });
    }

    [Fact]
    public async Task CreateTopics_DeposedWithoutKnowing_WritesNothingAndResigns()
    {
        var store = new InMemoryCoordinationStore();
        await using ControllerRig old = await ControllerRig.StartAsync(store, id: 1);
        await using ControllerRig next = await ControllerRig.StartAsync(store, id: 2);
        await old.Loop.RunUntilIdleAsync();

        // Somebody removes the node; the new controller is elected before the old one has looked.
        Task<IReadOnlyList<CreateTopicResult>> late = old.Controller.CreateTopicsAsync([NewTopic.WithDefaults("late")], false);
        await next.Session.DeleteAsync("/controller");
        await next.Loop.RunUntilIdleAsync();
        Assert.True(next.Controller.IsActive);
        Assert.True(old.Controller.IsActive);

        Assert.True(await old.Loop.StepAsync());
        Assert.Equal(ErrorCode.NotController, (await late)[0].Error);
        Assert.False(old.Controller.IsActive);
        await old.Loop.RunUntilIdleAsync();
        Assert.False(old.Controller.IsActive);
        Assert.True(next.Controller.IsActive);
        Assert.Equal(CoordinationStatus.NoNode, (await next.Session.ExistsAsync("/brokers/topics/late")).Status);
        Assert.Equal(ErrorCode.None, (await next.CreateAsync("late")).Error);
    }

    [Fact]
    public async Task Write_TreeChangedByHand_ResignsReloadsAndGoesOn()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        await rig.Session.CreateAsync("/brokers/topics/t", Encoding.UTF8.GetBytes("""{"version":1,"partitions":{"0":[1]}}"""));
        Assert.Equal(ErrorCode.NotController, (await rig.CreateAsync("t")).Error);
        await rig.Loop.RunUntilIdleAsync();
        Assert.Equal(new ControllerEpoch(2), rig.Controller.ActiveEpoch);

        // The topic has no id and no state: an old Kafka wrote it, or its creation was cut short.
        Assert.True(rig.Image.TryGetTopic("t", out TopicImage? topic));
        Assert.NotEqual(Guid.Empty, topic.Id);
        Assert.Equal(new BrokerId(1), topic.Partitions[0].Leader);
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await rig.CreateAsync("t")).Error);
    }

    [Fact]
    public async Task Start_CutShortAnywhere_TheNextTermFinishesCreationsAndDeletions()
    {
        // Small multis, so that creations and deletions take several, and a crash at every disk operation.
        async Task<(CrashingJournalStorage Disk, List<string> Done)> RunAsync(int crashAt)
        {
            var disk = new CrashingJournalStorage(new Random(crashAt)) { CrashAt = crashAt };
            var done = new List<string>();
            try
            {
                await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk, snapshotThreshold: 3000);
                ControllerRig rig = await ControllerRig.StartAsync(store, configure: options => options with { OperationsPerWrite = 3 });
                await rig.CreateAsync("kept", partitions: 3);
                done.Add("+kept");
                await rig.CreateAsync("gone", partitions: 3);
                await rig.DeleteAsync("gone");
                done.Add("-gone");
            }
            catch (IOException)
            {
                Assert.True(disk.Crashed);
            }

            return (disk, done);
        }

        int total = (await RunAsync(int.MaxValue)).Disk.Operations;
        Assert.True(total > 50, $"{total}");
        for (int crashAt = 1; crashAt <= total; crashAt++)
        {
            (CrashingJournalStorage disk, List<string> done) = await RunAsync(crashAt);
            await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk.PowerCycle(new Random(crashAt)));
            ControllerRig rig = await ControllerRig.StartAsync(store);
            if (done.Contains("+kept")) Assert.True(rig.Image.TryGetTopic("kept", out _));
            if (done.Contains("-gone")) Assert.False(rig.Image.TryGetTopic("gone", out _));
            Assert.All(rig.Image.Topics, topic =>
            {
                Assert.Equal(3, topic.Partitions.Length);
                Assert.All(topic.Partitions, partition => Assert.Equal(new BrokerId(1), partition.Leader));
            });

            // What was half done is whole or gone, so both names can be used.
            foreach (string name in new[] { "kept", "gone" })
            {
                if (rig.Image.TryGetTopic(name, out _)) Assert.Equal(ErrorCode.None, (await rig.DeleteAsync(name)).Error);
                Assert.Equal(ErrorCode.None, (await rig.CreateAsync(name, partitions: 2)).Error);
            }
        }
    }

    [Fact]
    public async Task Start_CreationWithLeaderEpochsCutShortAnywhere_TopicHasThemAllOrIsNotThere()
    {
        const int epoch = 7;
        var topic = new NewTopic("t", 5, 1, [], [new("a", "b")]) { FirstLeaderEpochs = [.. Enumerable.Repeat(new LeaderEpoch(epoch), 5)] };
        async Task<CrashingJournalStorage> RunAsync(int crashAt)
        {
            var disk = new CrashingJournalStorage(new Random(crashAt)) { CrashAt = crashAt };
            try
            {
                await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk, snapshotThreshold: 3000);
                ControllerRig rig = await ControllerRig.StartAsync(store, configure: options => options with { OperationsPerWrite = 3 });
                await rig.CreateAsync(topic);
            }
            catch (IOException)
            {
                Assert.True(disk.Crashed);
            }

            return disk;
        }

        int total = (await RunAsync(int.MaxValue)).Operations;
        int whole = 0;
        for (int crashAt = 1; crashAt <= total + 1; crashAt++)
        {
            CrashingJournalStorage disk = await RunAsync(crashAt);
            await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk.PowerCycle(new Random(crashAt)));
            ControllerRig rig = await ControllerRig.StartAsync(store);
            if (rig.Image.TryGetTopic("t", out _)) whole++;
            else Assert.Equal(ErrorCode.None, (await rig.CreateAsync(topic)).Error);
            Assert.True(rig.Image.TryGetTopic("t", out TopicImage? found));
            Assert.Equal("b", rig.Image.TopicConfig("t")["a"]);
            Assert.All(found.Partitions, partition => Assert.True(partition.LeaderEpoch.Value >= epoch, $"partition {partition.Id} at {partition.LeaderEpoch} after a crash at {crashAt}"));
        }

        Assert.InRange(whole, 1, total);
    }

    [Fact]
    public async Task RegisterBroker_IdTaken_IsRefused()
    {
        var store = new InMemoryCoordinationStore();
        await using ControllerRig first = await ControllerRig.StartAsync(store, id: 1);
        await using ControllerRig twin = await ControllerRig.StartAsync(store, id: 1, register: false);
        RegisterBrokerResult result = await twin.RunAsync(twin.Controller.RegisterBrokerAsync([ControllerRig.Endpoint], null));
        Assert.Equal(ErrorCode.DuplicateBrokerRegistration, result.Error);
    }

    [Fact]
    public async Task RegisterBroker_AfterStart_PartitionsGetLeadersAndEndpointsCanChange()
    {
        var store = new InMemoryCoordinationStore();
        ControllerRig first = await ControllerRig.StartAsync(store);
        await first.CreateAsync("t");
        await store.ExpireSessionAsync(first.Session.SessionId);

        await using ControllerRig rig = await ControllerRig.StartAsync(store, register: false);
        Assert.True(rig.Image.TryGetPartition("t", 0, out PartitionImage? partition));
        Assert.Equal((BrokerId.None, new LeaderEpoch(1)), (partition.Leader, partition.LeaderEpoch));
        await rig.RunAsync(rig.Controller.RegisterBrokerAsync([ControllerRig.Endpoint], "r1"));
        Assert.True(rig.Image.TryGetPartition("t", 0, out partition));
        Assert.Equal((new BrokerId(1), new LeaderEpoch(2)), (partition.Leader, partition.LeaderEpoch));

        BrokerEpoch epoch = rig.Image.Brokers[new BrokerId(1)].Epoch;
        await rig.RunAsync(rig.Controller.RegisterBrokerAsync([ControllerRig.Endpoint with { Host = "::1" }], "r1"));
        BrokerRegistration broker = rig.Image.Brokers[new BrokerId(1)];
        Assert.Equal((epoch, "::1", "r1"), (broker.Epoch, broker.Endpoint("plaintext")!.Host, broker.Rack));
        Assert.True(rig.Image.TryGetPartition("t", 0, out partition));
        Assert.Equal(new LeaderEpoch(2), partition.LeaderEpoch);
    }

    [Fact]
    public async Task Dispose_Controller_LeavesTheOffice()
    {
        var store = new InMemoryCoordinationStore();
        ControllerRig rig = await ControllerRig.StartAsync(store);
        await rig.RunAsync(rig.Controller.DisposeAsync().AsTask());
        Assert.False(rig.Controller.IsActive);
        Assert.Equal(CoordinationStatus.NoNode, (await rig.Session.ExistsAsync("/controller")).Status);
    }

    [Fact]
    public async Task CreateTopics_DiskFails_TaskFaultsAndOfficeIsLeft()
    {
        var disk = new CrashingJournalStorage(new Random(1));
        await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
        ControllerRig rig = await ControllerRig.StartAsync(store);
        disk.CrashAt = disk.Operations + 1;
        await Assert.ThrowsAsync<IOException>(() => rig.CreateAsync("t"));
        Assert.False(rig.Controller.IsActive);
        Assert.False(rig.Image.TryGetTopic("t", out _));
    }
}
