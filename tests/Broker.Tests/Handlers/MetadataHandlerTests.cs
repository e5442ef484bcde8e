using System.Collections.Immutable;
using KBroker.Broker.Configuration;
using KBroker.Broker.Handlers;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.Broker.Tests.Connections;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>
/// Metadata of a cluster made up for the purpose: brokers 1 and 2 can be reached on the client's listener, 3 is up without it,
/// 4 is away.
/// </summary>
public sealed class MetadataHandlerTests : IAsyncLifetime
{
    private const string Listener = "MEMORY";
    private static readonly Guid OrdersId = Guid.Parse("11111111-1111-1111-1111-111111111111");

    private readonly MetadataFeed _feed = new();
    private readonly ScriptedController _controller = new();
    private readonly InMemoryServer _server;
    private readonly RawClient _client;

    public MetadataHandlerTests()
    {
        ClusterMetadataImage empty = ClusterMetadataImage.Create(new MetadataVersion(new ControllerEpoch(1), 1), "IfYzruiMS525FeTJ_tON0g", new BrokerId(1));
        var delta = new ClusterMetadataDelta
        {
            Brokers = new BrokerRegistration[] { Broker(1, Listener), Broker(2, Listener), Broker(3, "OTHER") }.ToImmutableDictionary(b => b.Id, b => (BrokerRegistration?)b),
            CreatedTopics =
            [
                new TopicImage("orders", OrdersId, [Partition(0, 1, 1, 2), Partition(1, 4, 4, 1), Partition(2, 3, 3, 2), Partition(3, 1, 1, 4)]),
                new TopicImage("__consumer_offsets", Guid.NewGuid(), [Partition(0, 1, 1)]),
            ],
        };
        _feed.Publish(new MetadataUpdate(empty.Apply(delta, new MetadataVersion(new ControllerEpoch(1), 2)), delta));
        BrokerConfig config = BrokerConfig.FromSettings();
        _server = InMemoryServer.Start([new MetadataHandler(_feed, new TopicAutoCreator(_controller), new LocalReplicas(new BrokerId(0), new PartitionRegistry()), () => config)]);
        _client = _server.Transport.Connect();
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Metadata_Brokers_AreThoseOfTheClientsListener()
    {
        MetadataResponse answer = await AskAsync([], 9);
        Assert.Equal([1, 2], answer.Brokers.Select(broker => broker.NodeId));
        Assert.Equal(("host-1", 9001, "rack-1"), (answer.Brokers[0].Host, answer.Brokers[0].Port, answer.Brokers[0].Rack));
        Assert.Equal(1, answer.ControllerId);
        Assert.Equal("IfYzruiMS525FeTJ_tON0g", answer.ClusterId);
    }

    [Theory]
    [InlineData(0, false, 2)]
    [InlineData(1, false, 0)]
    [InlineData(1, true, 2)]
    [InlineData(13, false, 0)]
    [InlineData(13, true, 2)]
    public async Task Metadata_EmptyOrNullTopics_MeanNoneOrAllByVersion(short version, bool isNull, int topics)
    {
        MetadataResponse answer = await AskAsync(isNull ? null : [], version);
        Assert.Equal(topics, answer.Topics.Length);
    }

    [Fact]
    public async Task Metadata_Partitions_TellLeadersAndReplicasAway()
    {
        MetadataResponse.MetadataResponsePartition[] partitions = (await AskAsync(["orders"], 9)).Topics[0].Partitions;
        Assert.Equal(
            [ErrorCode.None, ErrorCode.LeaderNotAvailable, ErrorCode.ListenerNotFound, ErrorCode.None], partitions.Select(partition => partition.ErrorCode));
        Assert.Equal([1, -1, -1, 1], partitions.Select(partition => partition.LeaderId));
        Assert.All(partitions, partition => Assert.Equal(7, partition.LeaderEpoch));
        Assert.Equal([1, 4], partitions[3].ReplicaNodes);
        Assert.Equal([4], partitions[3].OfflineReplicas);
        Assert.Equal([3], partitions[2].OfflineReplicas);
    }

    [Fact]
    public async Task Metadata_LeaderWithoutListener_IsNotAvailableToOldClients()
    {
        Assert.Equal(ErrorCode.LeaderNotAvailable, (await AskAsync(["orders"], 5)).Topics[0].Partitions[2].ErrorCode);
        Assert.Equal(ErrorCode.ListenerNotFound, (await AskAsync(["orders"], 6)).Topics[0].Partitions[2].ErrorCode);
    }

    [Fact]
    public async Task Metadata_Version0_LeavesReplicasAwayOutAndSaysSo()
    {
        MetadataResponse.MetadataResponsePartition partition = (await AskAsync(["orders"], 0)).Topics[0].Partitions[3];
        Assert.Equal(ErrorCode.ReplicaNotAvailable, partition.ErrorCode);
        Assert.Equal([1], partition.ReplicaNodes);
        Assert.Equal([1], partition.IsrNodes);
    }

    [Fact]
    public async Task Metadata_InternalTopic_IsMarked() =>
        Assert.True((await AskAsync(["__consumer_offsets"], 9)).Topics[0].IsInternal);

    [Fact]
    public async Task Metadata_TopicNamedTwice_IsToldOnce() =>
        Assert.Equal(["orders"], (await AskAsync(["orders", "orders"], 9)).Topics.Select(topic => topic.Name));

    [Theory]
    [InlineData("", ErrorCode.InvalidTopicException)]
    [InlineData("..", ErrorCode.InvalidTopicException)]
    [InlineData("../../etc/passwd", ErrorCode.InvalidTopicException)]
    [InlineData("no\0pe", ErrorCode.InvalidTopicException)]
    [InlineData("unknown", ErrorCode.UnknownTopicOrPartition)]
    public async Task Metadata_TopicThatIsNot_IsExplainedAndNotCreatedUnasked(string name, ErrorCode error)
    {
        MetadataResponse.MetadataResponseTopic topic = Assert.Single((await AskAsync([name], 9, create: false)).Topics);
        Assert.Equal((name, error), (topic.Name, topic.ErrorCode));
        Assert.Empty(_controller.Created);
    }

    [Fact]
    public async Task Metadata_InvalidOrInternalName_IsNotCreatedEvenIfAsked()
    {
        await AskAsync(["..", "bad name", "__transaction_state"], 9);
        Assert.Empty(_controller.Created);
    }

    [Fact]
    public async Task Metadata_ById_FindsTopics()
    {
        Guid unknown = Guid.NewGuid();
        MetadataResponse answer = await _client.CallAsync<MetadataResponse>(
            new MetadataRequest { Topics = [new() { TopicId = OrdersId, Name = null }, new() { TopicId = unknown, Name = null }] }, 12);
        Assert.Equal(("orders", OrdersId, ErrorCode.None), (answer.Topics[0].Name, answer.Topics[0].TopicId, answer.Topics[0].ErrorCode));
        Assert.Equal((null, unknown, ErrorCode.UnknownTopicId), (answer.Topics[1].Name, answer.Topics[1].TopicId, answer.Topics[1].ErrorCode));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    public async Task Metadata_ByIdBeforeVersion12_IsInvalid(short version)
    {
        MetadataResponse answer = await _client.CallAsync<MetadataResponse>(
            new MetadataRequest { Topics = [new() { TopicId = OrdersId, Name = null }] }, version);
        Assert.Equal(("", ErrorCode.InvalidRequest), (answer.Topics[0].Name, answer.Topics[0].ErrorCode));
    }

    [Fact]
    public async Task Metadata_AuthorizedOperations_OnlyWhenAsked()
    {
        MetadataResponse without = await AskAsync(["orders"], 8);
        Assert.Equal((int.MinValue, int.MinValue), (without.ClusterAuthorizedOperations, without.Topics[0].TopicAuthorizedOperations));
        MetadataResponse with = await _client.CallAsync<MetadataResponse>(
            new MetadataRequest
            {
                Topics = [new() { Name = "orders" }],
                IncludeClusterAuthorizedOperations = true,
                IncludeTopicAuthorizedOperations = true,
            },
            8);
        // Create, Alter, Describe, ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite; Read to AlterConfigs.
        Assert.Equal((0b1_1111_1010_0000, 0b1101_1111_1000), (with.ClusterAuthorizedOperations, with.Topics[0].TopicAuthorizedOperations));
    }

    private static BrokerRegistration Broker(int id, string listener) => new(
        new BrokerId(id), new BrokerEpoch(id), [new BrokerEndpoint("INTERNAL", "PLAINTEXT", "inside", 1), new BrokerEndpoint(listener, "PLAINTEXT", $"host-{id}", 9000 + id)], $"rack-{id}");

    private static PartitionImage Partition(int id, int leader, params int[] replicas)
    {
        ImmutableArray<BrokerId> brokers = [.. replicas.Select(replica => new BrokerId(replica))];
        return new PartitionImage(id, brokers, brokers, [], [], new BrokerId(leader), new LeaderEpoch(7), new PartitionEpoch(3));
    }

    private Task<MetadataResponse> AskAsync(string[]? topics, short version, bool create = true) => _client.CallAsync<MetadataResponse>(
        new MetadataRequest
        {
            Topics = topics is null ? null : [.. topics.Select(name => new MetadataRequest.MetadataRequestTopic { Name = name })],
            AllowAutoTopicCreation = create,
        },
        version);
}
