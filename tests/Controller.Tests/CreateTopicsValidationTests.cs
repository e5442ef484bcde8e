using KBroker.Controller.Coordination;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests;

public sealed class CreateTopicsValidationTests
{
    public static TheoryData<NewTopic, ErrorCode> Refused => new()
    {
        { Named(""), ErrorCode.InvalidTopicException },
        { Named("."), ErrorCode.InvalidTopicException },
        { Named(".."), ErrorCode.InvalidTopicException },
        { Named("../../etc/x"), ErrorCode.InvalidTopicException },
        { Named("a\0b"), ErrorCode.InvalidTopicException },
        { Named(new string('x', 250)), ErrorCode.InvalidTopicException },
        { Named("is_there"), ErrorCode.InvalidTopicException },
        { Named("is.there"), ErrorCode.TopicAlreadyExists },
        { new("t", 0, 1, [], []), ErrorCode.InvalidPartitions },
        { new("t", -5, 1, [], []), ErrorCode.InvalidPartitions },
        { new("t", int.MaxValue, 1, [], []), ErrorCode.InvalidPartitions },
        { new("t", 101, 1, [], []), ErrorCode.InvalidPartitions },
        { new("t", 1, 0, [], []), ErrorCode.InvalidReplicationFactor },
        { new("t", 1, -2, [], []), ErrorCode.InvalidReplicationFactor },
        { new("t", 1, 2, [], []), ErrorCode.InvalidReplicationFactor },
        { new("t", 1, 100, [], []), ErrorCode.InvalidReplicationFactor },
        { new("t", 1, -1, [new(0, Ids(1))], []), ErrorCode.InvalidRequest },
        { new("t", -1, 1, [new(0, Ids(1))], []), ErrorCode.InvalidRequest },
        { Assigned((0, Ids(1, 1))), ErrorCode.InvalidReplicaAssignment },
        { Assigned((0, Ids(2))), ErrorCode.InvalidReplicaAssignment },
        { Assigned((0, Ids(-1))), ErrorCode.InvalidReplicaAssignment },
        { Assigned((0, Ids())), ErrorCode.InvalidReplicaAssignment },
        { Assigned((1, Ids(1))), ErrorCode.InvalidReplicaAssignment },
        { Assigned((0, Ids(1)), (0, Ids(1))), ErrorCode.InvalidReplicaAssignment },
        { Assigned((0, Ids(1)), (2, Ids(1))), ErrorCode.InvalidReplicaAssignment },
        { new("t", 1, 1, [], [new("bad", "x")]), ErrorCode.InvalidConfig },
        { new("t", 1, 1, [], [new("retention.ms", null)]), ErrorCode.InvalidConfig },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task CreateTopics_BadWish_IsRefusedAndWritesNothing(NewTopic topic, ErrorCode expected)
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(
            new InMemoryCoordinationStore(), configure: options => options with { MaxPartitions = 100 });
        await rig.CreateAsync("is.there");
        long before = rig.Image.Version.Number;
        CreateTopicResult result = await rig.CreateAsync(topic);
        Assert.Equal(expected, result.Error);
        Assert.False(string.IsNullOrEmpty(result.Message));
        Assert.Equal(before, rig.Image.Version.Number);
        Assert.Equal(["is.there"], rig.Image.Topics.Select(t => t.Name));
    }

    [Fact]
    public async Task CreateTopics_OneBadAmongGood_OnlyTheGoodAreCreated()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(new InMemoryCoordinationStore());
        IReadOnlyList<CreateTopicResult> results = await rig.RunAsync(rig.Controller.CreateTopicsAsync(
            [Named("good"), Named("a/b"), Named("twice"), Named("twice"), Named("x.y"), Named("x_y")], validateOnly: false));
        Assert.Equal(
            [("good", ErrorCode.None), ("a/b", ErrorCode.InvalidTopicException), ("twice", ErrorCode.InvalidRequest),
                ("x.y", ErrorCode.None), ("x_y", ErrorCode.InvalidTopicException)],
            results.Select(result => (result.Name, result.Error)));
        Assert.Equal(["good", "x.y"], rig.Image.Topics.Select(topic => topic.Name).Order());
    }

    [Fact]
    public async Task CreateTopics_CapCountsTheWholeRequest()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(
            new InMemoryCoordinationStore(), configure: options => options with { MaxPartitions = 10 });
        IReadOnlyList<CreateTopicResult> results = await rig.RunAsync(rig.Controller.CreateTopicsAsync(
            [new("a", 6, 1, [], []), new("b", 6, 1, [], []), new("c", 4, 1, [], [])], validateOnly: false));
        Assert.Equal([ErrorCode.None, ErrorCode.InvalidPartitions, ErrorCode.None], results.Select(result => result.Error));
        Assert.Equal(ErrorCode.InvalidPartitions, (await rig.CreateAsync("d")).Error);
    }

    [Fact]
    public async Task DeleteTopics_Disabled_IsRefused()
    {
        await using ControllerRig rig = await ControllerRig.StartAsync(
            new InMemoryCoordinationStore(), configure: options => options with { DeleteTopicEnable = false });
        await rig.CreateAsync("t");
        Assert.Equal(ErrorCode.TopicDeletionDisabled, (await rig.DeleteAsync("t")).Error);
        Assert.True(rig.Image.TryGetTopic("t", out _));
    }

    private static NewTopic Named(string name) => new(name, 1, 1, [], []);

    private static NewTopic Assigned(params (int Partition, BrokerId[] Replicas)[] assignments) => new(
        "t", -1, -1, [.. assignments.Select(a => KeyValuePair.Create(a.Partition, (IReadOnlyList<BrokerId>)a.Replicas))], []);

    private static BrokerId[] Ids(params int[] ids) => [.. ids.Select(id => new BrokerId(id))];
}
