using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>DescribeCluster and DescribeTopicPartitions, against a whole broker.</summary>
public sealed class ClusterHandlersTests
{
    [Fact]
    public async Task DescribeCluster_Broker_TellsItselfAndTheController()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        DescribeClusterResponse answer = await rig.CallAsync<DescribeClusterResponse>(new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true }, 2);
        Assert.Equal((rig.Host.ClusterId, 0, (sbyte)1), (answer.ClusterId, answer.ControllerId, answer.EndpointType));
        DescribeClusterResponse.DescribeClusterBroker self = Assert.Single(answer.Brokers);
        Assert.Equal((0, "127.0.0.1", rig.EndPoint.Port, false), (self.BrokerId, self.Host, self.Port, self.IsFenced));
        Assert.Equal(0b1_1111_1010_0000, answer.ClusterAuthorizedOperations);
        Assert.Equal(int.MinValue, (await rig.CallAsync<DescribeClusterResponse>(new DescribeClusterRequest(), 0)).ClusterAuthorizedOperations);
    }

    [Theory]
    [InlineData(2, ErrorCode.MismatchedEndpointType)]
    [InlineData(0, ErrorCode.UnsupportedEndpointType)]
    [InlineData(77, ErrorCode.UnsupportedEndpointType)]
    public async Task DescribeCluster_OtherEndpointType_IsRefused(sbyte type, ErrorCode error)
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        DescribeClusterResponse answer = await rig.CallAsync<DescribeClusterResponse>(new DescribeClusterRequest { EndpointType = type }, 1);
        Assert.Equal(error, answer.ErrorCode);
        Assert.Empty(answer.Brokers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(100)]
    public async Task DescribeTopicPartitions_PageByPage_TellsEveryPartitionOnceInOrder(int limit)
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        foreach ((string name, int partitions) in new[] { ("b", 3), ("a", 2), ("B", 1), ("c", 4) }) await rig.CreateAsync(name, partitions);

        var seen = new List<(string?, int)>();
        DescribeTopicPartitionsResponse.Cursor? next = null;
        do
        {
            DescribeTopicPartitionsResponse page = await rig.CallAsync<DescribeTopicPartitionsResponse>(
                new DescribeTopicPartitionsRequest
                {
                    Topics = [],
                    ResponsePartitionLimit = limit,
                    Cursor = next is null ? null : new() { TopicName = next.TopicName, PartitionIndex = next.PartitionIndex },
                },
                0);
            (string?, int)[] told = [.. page.Topics.SelectMany(topic => topic.Partitions.Select(partition => (topic.Name, partition.PartitionIndex)))];
            Assert.InRange(told.Length, 1, limit);
            seen.AddRange(told);
            next = page.NextCursor;
        }
        while (next is not null);
        Assert.Equal([("B", 0), ("a", 0), ("a", 1), ("b", 0), ("b", 1), ("b", 2), ("c", 0), ("c", 1), ("c", 2), ("c", 3)], seen);
    }

    [Fact]
    public async Task DescribeTopicPartitions_Named_TellsTopicsSortedAndWhatIsNotThere()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        await rig.CreateAsync("there", 2);
        DescribeTopicPartitionsResponse answer = await rig.CallAsync<DescribeTopicPartitionsResponse>(
            new DescribeTopicPartitionsRequest { Topics = [new() { Name = "there" }, new() { Name = "absent" }, new() { Name = "there" }] }, 0);
        Assert.Equal([("absent", ErrorCode.UnknownTopicOrPartition), ("there", ErrorCode.None)], answer.Topics.Select(topic => (topic.Name!, topic.ErrorCode)));
        Assert.Equal(2, answer.Topics[1].Partitions.Length);
        Assert.Null(answer.NextCursor);
        Assert.Null(answer.Topics[1].Partitions[0].EligibleLeaderReplicas);
    }

    [Theory]
    [InlineData("there", -1)]
    [InlineData("elsewhere", 0)]
    public async Task DescribeTopicPartitions_BadCursor_IsInvalid(string topic, int partition)
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        await rig.CreateAsync("there", 2);
        DescribeTopicPartitionsResponse answer = await rig.CallAsync<DescribeTopicPartitionsResponse>(
            new DescribeTopicPartitionsRequest { Topics = [new() { Name = "there" }], Cursor = new() { TopicName = topic, PartitionIndex = partition } }, 0);
        Assert.Equal(ErrorCode.InvalidRequest, Assert.Single(answer.Topics).ErrorCode);
    }

    [Fact]
    public async Task DescribeTopicPartitions_LimitsFromNowhere_GiveAtLeastOnePartition()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        await rig.CreateAsync("there", 2);
        DescribeTopicPartitionsResponse answer = await rig.CallAsync<DescribeTopicPartitionsResponse>(
            new DescribeTopicPartitionsRequest { Topics = [], ResponsePartitionLimit = int.MinValue, Cursor = new() { TopicName = "th", PartitionIndex = int.MaxValue } }, 0);
        Assert.Single(Assert.Single(answer.Topics).Partitions);
        Assert.Equal(("there", 1), (answer.NextCursor!.TopicName, answer.NextCursor.PartitionIndex));
    }
}
