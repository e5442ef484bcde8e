using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Controller.Tests.Coordination;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests;

public sealed class ClusterControllerTests
{
    [Fact]
    public async Task CreateTopics_OnOneBroker_PublishesLeadersAndWritesKafkasNodes()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        CreateTopicResult result = await rig.CreateAsync(new NewTopic("orders", 2, 1, [], [new("retention.ms", "1000")]));
        Assert.Equal((ErrorCode.None, 2, (short)1), (result.Error, result.PartitionCount, result.ReplicationFactor));

        Assert.True(rig.Image.TryGetTopic("orders"u8, out TopicImage? topic));
        Assert.True(rig.Image.TryGetTopic(result.TopicId, out TopicImage? byId));
        Assert.Same(topic, byId);
        Assert.All(topic.Partitions, partition => Assert.Equal(new BrokerId(1), partition.Leader));
        Assert.Equal("1000", rig.Image.TopicConfig("orders")["retention.ms"]);
        Assert.Same(topic, Assert.Single(rig.Updates[^1].Delta.CreatedTopics));

        string id = Uuid.Format(result.TopicId);
        Assert.Equal(
            $$$"""{"version":3,"partitions":{"0":[1],"1":[1]},"adding_replicas":{},"removing_replicas":{},"topic_id":"{{{id}}}"}""",
            await TextAsync(rig, "/brokers/topics/orders"));
        Assert.Equal(
            """{"version":1,"leader":1,"leader_epoch":0,"controller_epoch":1,"isr":[1]}""",
            await TextAsync(rig, "/brokers/topics/orders/partitions/1/state"));
        Assert.Equal("""{"version":1,"config":{"retention.ms":"1000"}}""", await TextAsync(rig, "/config/topics/orders"));
        Assert.Equal("1", await TextAsync(rig, "/controller_epoch"));
        Assert.Matches(
            """^\{"version":2,"brokerid":1,"timestamp":"\d+","kraftControllerEpoch":-1\}$""", await TextAsync(rig, "/controller"));
        Assert.Equal($$"""{"version":"1","id":"{{rig.Image.ClusterId}}"}""", await TextAsync(rig, "/cluster/id"));
        Assert.Matches(new Regex("^[A-Za-z0-9_-]{22}$"), rig.Image.ClusterId);
        Assert.Matches(
            """^\{"version":5,"host":"localhost","port":9092,"endpoints":\["PLAINTEXT://localhost:9092"\],"jmx_port":-1,"timestamp":"\d+","listener_security_protocol_map":\{"PLAINTEXT":"PLAINTEXT"\},"features":\{\}\}$""",
            await TextAsync(rig, "/brokers/ids/1"));
    }

    [Fact]
    public async Task DeleteTopics_ThenCreateAgain_GetsAnotherIdAndLeavesNothingBehind()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        string before = await TreeScript.DumpAsync(rig.Session);
        CreateTopicResult first = await rig.CreateAsync(new NewTopic("t", 3, 1, [], [new("a", "b")]));
        DeleteTopicResult deleted = await rig.DeleteAsync("t");
        Assert.Equal((ErrorCode.None, first.TopicId), (deleted.Error, deleted.Id));
        Assert.False(rig.Image.TryGetTopic("t", out _));
        Assert.False(rig.Image.TryGetTopic(first.TopicId, out _));
        Assert.Empty(rig.Image.TopicConfig("t"));
        Assert.Equal(before, await TreeScript.DumpAsync(rig.Session));
        CreateTopicResult second = await rig.CreateAsync("t");
        Assert.NotEqual(first.TopicId, second.TopicId);
    }

    [Fact]
    public async Task DeleteTopics_Unknown_NamesWhatIsUnknown()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        await rig.CreateAsync("t");
        await rig.CreateAsync("twice");
        IReadOnlyList<DeleteTopicResult> results = await rig.RunAsync(rig.Controller.DeleteTopicsAsync(
            [new("none", Guid.Empty), new(null, Guid.NewGuid()), new("t", Guid.Empty), new("twice", Guid.Empty), new("twice", Guid.Empty)]));
        Assert.Equal(
            [ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicId, ErrorCode.None, ErrorCode.InvalidRequest, ErrorCode.InvalidRequest],
            results.Select(result => result.Error));
        Assert.True(rig.Image.TryGetTopic("twice", out _));
    }

    [Fact]
    public async Task CreateTopics_ValidateOnly_ChangesNothing()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        string before = await TreeScript.DumpAsync(rig.Session);
        int updates = rig.Updates.Count;
        CreateTopicResult result = await rig.CreateAsync(new NewTopic("t", 3, 1, [], []), validateOnly: true);
        Assert.Equal((ErrorCode.None, 3), (result.Error, result.PartitionCount));
        Assert.Equal(before, await TreeScript.DumpAsync(rig.Session));
        Assert.Equal(updates, rig.Updates.Count);
    }

    [Fact]
    public async Task CreatePartitions_OnlyGrows()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        await rig.CreateAsync("t", 2);
        async Task<ErrorCode> GrowAsync(NewPartitions wanted, bool validateOnly = false)
            => (await rig.RunAsync(rig.Controller.CreatePartitionsAsync([wanted], validateOnly)))[0].Error;

        Assert.Equal(ErrorCode.InvalidPartitions, await GrowAsync(new("t", 2, null)));
        Assert.Equal(ErrorCode.InvalidPartitions, await GrowAsync(new("t", 1, null)));
        Assert.Equal(ErrorCode.InvalidPartitions, await GrowAsync(new("t", int.MaxValue, null)));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await GrowAsync(new("none", 2, null)));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, await GrowAsync(new("t", 4, [[new BrokerId(1)]])));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, await GrowAsync(new("t", 3, [[new BrokerId(9)]])));
        Assert.Equal(ErrorCode.None, await GrowAsync(new("t", 5, null), validateOnly: true));
        Assert.True(rig.Image.TryGetTopic("t", out TopicImage? topic));
        Assert.Equal(2, topic.Partitions.Length);

        Assert.Equal(ErrorCode.None, await GrowAsync(new("t", 5, null)));
        Assert.True(rig.Image.TryGetTopic("t", out topic));
        Assert.Equal([0, 1, 2, 3, 4], topic.Partitions.Select(partition => partition.Id));
        Assert.Equal(new[] { 2, 3, 4 }, rig.Updates[^1].Delta.ChangedTopics.Single().Partitions.ToArray());
        Assert.Contains("\"4\":[1]", await TextAsync(rig, "/brokers/topics/t"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AlterConfigs_EditorSeesCurrentAndEmptyRemovesTheNode()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        await rig.CreateAsync("t");
        var topic = new ConfigResource(ConfigResourceType.Topic, "t");
        async Task<ErrorCode> AlterAsync(ConfigResource resource, ConfigEditor edit, bool validateOnly = false)
            => (await rig.RunAsync(rig.Controller.AlterConfigsAsync([new ConfigAlteration(resource, edit)], validateOnly)))[0].Error;

        Assert.Equal(ErrorCode.None, await AlterAsync(topic, current => ConfigEdit.To(current.SetItem("a", "1"))));
        Assert.Equal(ErrorCode.None, await AlterAsync(topic, current => ConfigEdit.To(current.SetItem("b", "2"))));
        Assert.Equal(ErrorCode.None, await AlterAsync(topic, current => ConfigEdit.To(current.Clear()), validateOnly: true));
        Assert.Equal(ErrorCode.InvalidConfig, await AlterAsync(topic, _ => ConfigEdit.Refused(ErrorCode.InvalidConfig, "no")));
        Assert.Equal(["a", "b"], rig.Image.TopicConfig("t").Keys.Order());
        Assert.Equal("""{"version":1,"config":{"a":"1","b":"2"}}""", await TextAsync(rig, "/config/topics/t"));

        Assert.Equal(ErrorCode.None, await AlterAsync(topic, current => ConfigEdit.To(current.Clear())));
        Assert.Empty(rig.Image.TopicConfig("t"));
        Assert.Equal(CoordinationStatus.NoNode, (await rig.Session.ExistsAsync("/config/topics/t")).Status);

        var all = new ConfigResource(ConfigResourceType.Broker, ConfigResource.DefaultBroker);
        Assert.Equal(ErrorCode.None, await AlterAsync(all, _ => ConfigEdit.To(ImmutableDictionary<string, string>.Empty.Add("x", "y"))));
        Assert.Equal("y", rig.Image.BrokerConfig(ConfigResource.DefaultBroker)["x"]);
        Assert.Equal("""{"version":1,"config":{"x":"y"}}""", await TextAsync(rig, "/config/brokers/<default>"));
        foreach (string bad in new[] { "", "x", "-1", "01", "../topics/t" })
        {
            Assert.Equal(ErrorCode.InvalidRequest, await AlterAsync(new(ConfigResourceType.Broker, bad), ConfigEdit.To));
        }

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await AlterAsync(new(ConfigResourceType.Topic, "none"), ConfigEdit.To));
    }

    [Theory]
    [InlineData("payments", "payments")]
    [InlineData("a/b c*~", "a%2Fb%20c%2A%7E")]
    [InlineData("gr\u00fc\u00dfe", "gr%C3%BC%C3%9Fe")]
    [InlineData("..", "%2E%2E")]
    [InlineData("<default>", "%3Cdefault%3E")]
    public async Task AlterConfigs_Group_IsKeptUnderItsSanitizedNameAndLoaded(string group, string node)
    {
        var store = new InMemoryCoordinationStore();
        await using (ControllerRig rig = await ControllerRig.StartAsync(store))
        {
            var alteration = new ConfigAlteration(
                new ConfigResource(ConfigResourceType.Group, group), current => ConfigEdit.To(current.SetItem("consumer.session.timeout.ms", "50000")));
            Assert.Equal(ErrorCode.None, (await rig.RunAsync(rig.Controller.AlterConfigsAsync([alteration], false)))[0].Error);
            Assert.Equal("50000", rig.Image.GroupConfig(group)["consumer.session.timeout.ms"]);
            Assert.Equal([group], rig.Updates[^1].Delta.GroupConfigs.Keys);
            Assert.Equal("""{"version":1,"config":{"consumer.session.timeout.ms":"50000"}}""", await TextAsync(rig, $"/config/groups/{node}"));
        }

        await using ControllerRig next = await ControllerRig.StartAsync(store);
        Assert.Equal([group], next.Image.GroupConfigs.Keys);
        var removal = new ConfigAlteration(new ConfigResource(ConfigResourceType.Group, group), current => ConfigEdit.To(current.Clear()));
        Assert.Equal(ErrorCode.None, (await next.RunAsync(next.Controller.AlterConfigsAsync([removal], false)))[0].Error);
        Assert.Empty(next.Image.GroupConfigs);
        Assert.Equal(CoordinationStatus.NoNode, (await next.Session.ExistsAsync($"/config/groups/{node}")).Status);
    }

    [Fact]
    public async Task AlterPartitions_ChecksTheLeadersKnowledge()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        CreateTopicResult topic = await rig.CreateAsync("t");
        BrokerEpoch epoch = rig.Image.Brokers[new BrokerId(1)].Epoch;
        var good = new IsrChange(new(1), epoch, topic.TopicId, 0, new LeaderEpoch(0), new PartitionEpoch(0), [new BrokerId(1)]);
        IReadOnlyList<IsrChangeResult> results = await rig.RunAsync(rig.Controller.AlterPartitionsAsync(
        [
            good with { TopicId = Guid.NewGuid() },
            good with { Partition = 7 },
            good with { BrokerEpoch = new BrokerEpoch(epoch.Value - 1) },
            good with { LeaderEpoch = new LeaderEpoch(1) },
            good with { LeaderEpoch = new LeaderEpoch(-1) },
            good with { NewIsr = [] },
            good with { NewIsr = [new BrokerId(1), new BrokerId(2)] },
            good,
            good,
        ]));
        Assert.Equal(
            [
                ErrorCode.UnknownTopicId, ErrorCode.UnknownTopicOrPartition, ErrorCode.StaleBrokerEpoch, ErrorCode.NotController,
                ErrorCode.FencedLeaderEpoch, ErrorCode.InvalidRequest, ErrorCode.InvalidRequest, ErrorCode.None, ErrorCode.InvalidUpdateVersion,
            ],
            results.Select(result => result.Error));
        Assert.Equal(new PartitionEpoch(1), results[^2].Partition!.PartitionEpoch);
        Assert.Equal(1, (await rig.Session.GetAsync("/brokers/topics/t/partitions/0/state")).Value.Stat.Version);
    }

    [Fact]
    public async Task Loop_SteppedByHand_IsDeterministic()
    {
        async Task<string> RunAsync()
        {
            await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore(), seed: 5);
            Task<IReadOnlyList<CreateTopicResult>> create = rig.Controller.CreateTopicsAsync([new("a", 4, 1, [], []), new("b", 1, 1, [], [])], false);
            Assert.False(create.IsCompleted);
            Assert.False(rig.Image.TryGetTopic("a", out _));
            Assert.True(await rig.Loop.StepAsync());
            Assert.True(rig.Image.TryGetTopic("a", out _));
            await rig.Loop.RunUntilIdleAsync();
            string tree = await TreeScript.DumpAsync(rig.Session);
            return Regex.Replace(tree, "\"timestamp\":\"\\d+\"", "");
        }

        Assert.Equal(await RunAsync(), await RunAsync());
    }

    private static async Task<string> TextAsync(ControllerRig rig, string path)
        => Encoding.UTF8.GetString((await rig.Session.GetAsync(path)).Value.Data.Span);
}
