using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>Every version of Kafka 3.9 and 4.4 is served, and answered in its own shape.</summary>
public sealed class ServedVersionsTests(SharedBroker broker) : IClassFixture<SharedBroker>
{
    // The union of what the two Kafka versions serve.
    public static TheoryData<ApiKey, short, short> Union => new()
    {
        { ApiKey.ListOffsets, 0, 11 },
        { ApiKey.Metadata, 0, 13 },
        { ApiKey.CreateTopics, 0, 7 },
        { ApiKey.DeleteTopics, 0, 6 },
        { ApiKey.DeleteRecords, 0, 2 },
        { ApiKey.OffsetForLeaderEpoch, 0, 4 },
        { ApiKey.DescribeConfigs, 0, 4 },
        { ApiKey.AlterConfigs, 0, 2 },
        { ApiKey.DescribeLogDirs, 0, 5 },
        { ApiKey.CreatePartitions, 0, 3 },
        { ApiKey.IncrementalAlterConfigs, 0, 1 },
        { ApiKey.DescribeCluster, 0, 2 },
        { ApiKey.DescribeTopicPartitions, 0, 0 },
        { ApiKey.ConsumerGroupHeartbeat, 0, 1 },
        { ApiKey.ConsumerGroupDescribe, 0, 1 },
        { ApiKey.ListConfigResources, 0, 1 },
    };

    [Theory]
    [MemberData(nameof(Union))]
    public async Task ApiVersions_EachApi_NamesTheUnionOfBothKafkas(ApiKey key, short lowest, short highest)
    {
        ApiVersionsResponse served = await broker.Rig.CallAsync<ApiVersionsResponse>(
            new ApiVersionsRequest { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, 3);
        ApiVersionsResponse.ApiVersion row = Assert.Single(served.ApiKeys, api => api.ApiKey == (short)key);
        Assert.Equal((lowest, highest), (row.MinVersion, row.MaxVersion));
    }

    [Fact]
    public async Task Requests_EveryVersion_AreAnsweredInItsShape()
    {
        await broker.Rig.CreateAsync("shapes", 2);
        await broker.Rig.ProduceAsync("shapes", 10, 20);

        await EachAsync<MetadataResponse>(_ => new MetadataRequest { Topics = [new() { Name = "shapes" }] }, answer => answer.Topics[0].ErrorCode);
        await EachAsync<ListOffsetsResponse>(
            _ => new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = "shapes", Partitions = [new() { PartitionIndex = 0, Timestamp = -1 }] }] },
            answer => answer.Topics[0].Partitions[0].ErrorCode);
        await EachAsync<CreateTopicsResponse>(
            version => new CreateTopicsRequest { Topics = [new() { Name = $"made-in-{version}", NumPartitions = 1, ReplicationFactor = 1 }] },
            answer => answer.Topics[0].ErrorCode);
        await EachAsync<CreatePartitionsResponse>(
            version => new CreatePartitionsRequest { Topics = [new() { Name = "shapes", Count = 3 + version, Assignments = null }], TimeoutMs = 10_000 },
            answer => answer.Results[0].ErrorCode);
        await EachAsync<DeleteTopicsResponse>(
            version => version >= 6
                ? new DeleteTopicsRequest { Topics = [new() { Name = $"made-in-{version}" }], TimeoutMs = 10_000 }
                : new DeleteTopicsRequest { TopicNames = [$"made-in-{version}"], TimeoutMs = 10_000 },
            answer => answer.Responses[0].ErrorCode);
        await EachAsync<DeleteRecordsResponse>(
            _ => new DeleteRecordsRequest { Topics = [new() { Name = "shapes", Partitions = [new() { PartitionIndex = 0, Offset = 1 }] }], TimeoutMs = 10_000 },
            answer => answer.Topics[0].Partitions[0].ErrorCode);
        await EachAsync<OffsetForLeaderEpochResponse>(
            _ => new OffsetForLeaderEpochRequest { ReplicaId = -1, Topics = [new() { Topic = "shapes", Partitions = [new() { Partition = 0, LeaderEpoch = 0 }] }] },
            answer => answer.Topics[0].Partitions[0].ErrorCode);
        await EachAsync<DescribeConfigsResponse>(
            _ => new DescribeConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = "shapes", ConfigurationKeys = null }] },
            answer => answer.Results[0].ErrorCode);
        await EachAsync<AlterConfigsResponse>(
            _ => new AlterConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = "shapes", Configs = [] }] },
            answer => answer.Responses[0].ErrorCode);
        await EachAsync<IncrementalAlterConfigsResponse>(
            _ => new IncrementalAlterConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = "shapes", Configs = [] }] },
            answer => answer.Responses[0].ErrorCode);
        await EachAsync<DescribeLogDirsResponse>(_ => new DescribeLogDirsRequest { Topics = null }, answer => answer.Results[0].ErrorCode);
        await EachAsync<DescribeClusterResponse>(_ => new DescribeClusterRequest(), answer => answer.ErrorCode);
        await EachAsync<DescribeTopicPartitionsResponse>(
            _ => new DescribeTopicPartitionsRequest { Topics = [new() { Name = "shapes" }] }, answer => answer.Topics[0].ErrorCode);
    }

    private async Task EachAsync<TResponse>(Func<short, IApiMessage> request, Func<TResponse, ErrorCode> errorOf)
        where TResponse : WireStruct, IApiMessage<TResponse>
    {
        ApiKeyInfo api = ApiKeys.Get(request(0).Key);
        for (short version = api.LowestVersion; version <= api.HighestStableVersion; version++)
        {
            TResponse answer = await broker.Rig.CallAsync<TResponse>(request(version), version);
            Assert.True(errorOf(answer) == ErrorCode.None, $"{api.Name} v{version}: {errorOf(answer)}");
        }
    }
}
