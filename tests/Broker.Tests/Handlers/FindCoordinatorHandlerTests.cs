using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

public sealed class FindCoordinatorHandlerTests
{
    private const sbyte Group = 0;
    private const sbyte Transaction = 1;
    private const sbyte Share = 2;

    [Theory]
    [InlineData(Group, "__consumer_offsets")]
    [InlineData(Transaction, "__transaction_state")]
    public async Task FindCoordinator_EveryVersion_NamesThisBrokerAndMakesTheTopic(sbyte type, string topic)
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        for (short version = type == Group ? (short)0 : (short)1; version <= 6; version++)
        {
            FindCoordinatorResponse response = await rig.CallAsync<FindCoordinatorResponse>(
                version >= 4
                    ? new FindCoordinatorRequest { KeyType = type, CoordinatorKeys = ["one", "two"] }
                    : new FindCoordinatorRequest { KeyType = type, Key = "one" },
                version);
            if (version < 4)
            {
                Assert.Equal((ErrorCode.None, 0, rig.EndPoint.Port), (response.ErrorCode, response.NodeId, response.Port));
                continue;
            }

            Assert.Equal(["one", "two"], response.Coordinators.Select(one => one.Key));
            Assert.All(response.Coordinators, one => Assert.Equal((ErrorCode.None, 0, rig.EndPoint.Port), (one.ErrorCode, one.NodeId, one.Port)));
        }

        MetadataResponse.MetadataResponseTopic made = (await rig.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = topic }] }, 9)).Topics[0];
        Assert.Equal((true, 50), (made.IsInternal, made.Partitions.Length));
    }

    [Fact]
    public async Task FindCoordinator_ForTransactions_MakesTheTopicAsConfiguredAndAsFarAsThereAreBrokers()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync(
            ("transaction.state.log.num.partitions", "7"),
            ("transaction.state.log.segment.bytes", "1048576"),
            ("transaction.state.log.min.isr", "2"),
            ("transaction.state.log.replication.factor", "3"));
        await rig.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = Transaction, CoordinatorKeys = ["one"] }, 4);
        MetadataResponse.MetadataResponseTopic made = (await rig.CallAsync<MetadataResponse>(
            new MetadataRequest { Topics = [new() { Name = "__transaction_state" }] }, 9)).Topics[0];
        Assert.Equal(7, made.Partitions.Length);
        DescribeConfigsResponse described = await rig.CallAsync<DescribeConfigsResponse>(
            new DescribeConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = "__transaction_state", ConfigurationKeys = null }] }, 4);
        Dictionary<string, string?> configs = described.Results[0].Configs.ToDictionary(config => config.Name, config => config.Value);
        Assert.Equal(
            ("compact", "uncompressed", "1048576", "1", "false"),
            (configs["cleanup.policy"], configs["compression.type"], configs["segment.bytes"], configs["min.insync.replicas"], configs["unclean.leader.election.enable"]));
    }

    [Fact]
    public async Task FindCoordinator_ForAShareGroup_IsRefused()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        FindCoordinatorResponse response = await rig.CallAsync<FindCoordinatorResponse>(
            new FindCoordinatorRequest { KeyType = Share, CoordinatorKeys = ["g:t:0"] }, 6);
        Assert.Equal(ErrorCode.InvalidRequest, response.Coordinators[0].ErrorCode);
    }
}
