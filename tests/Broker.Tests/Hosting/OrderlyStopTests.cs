using KBroker.Broker.Tests.Handlers;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Hosting;

public sealed class OrderlyStopTests
{
    [Fact]
    public async Task StopAsync_FetchThatWouldWaitAMinute_IsAnsweredAndTheStopDoesNotWaitForIt()
    {
        await using TestBroker broker = await TestBroker.StartAsync(("kbroker.shutdown.drain.ms", "50000"));
        await broker.CreateTopicAsync("t");
        await broker.CreateTopicAsync("marker");
        await using RawClient client = await broker.ConnectAsync();
        await client.SendAsync(
            new FetchRequest
            {
                MaxBytes = 1 << 20,
                MinBytes = 1,
                MaxWaitMs = 60_000,
                Topics = [new() { Topic = "t", Partitions = [new() { Partition = 0, PartitionMaxBytes = 1 << 20 }] }],
            },
            version: 11);
        Task<(int, FetchResponse Response)> waiting = client.ReceiveAsync<FetchResponse>(ApiKey.Fetch, 11);

        // The effect of the next request on the same connection shows that the Fetch before it has been taken.
        await client.SendAsync(
            new ProduceRequest
            {
                Acks = 1,
                TopicData = [new() { Name = "marker", PartitionData = [new() { Records = new RecordsData(Records.Batch()) }] }],
            },
            version: 9);
        await using RawClient other = await broker.ConnectAsync();
        await Eventually.TrueAsync(async () => await EndOfAsync(other, "marker") == 1, "the request after the Fetch took effect");

        await broker.Host.StopAsync().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(ErrorCode.None, (await waiting).Response.Responses[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public async Task StopAsync_ThenStart_KeepsClusterTopicsAndConfigs()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        string cluster = broker.Host.ClusterId;
        Guid id = await broker.CreateTopicAsync("t", 2, ("max.message.bytes", "2000000"));

        await broker.RestartAsync();

        Assert.Equal(cluster, broker.Host.ClusterId);
        await using RawClient client = await broker.ConnectAsync();
        MetadataResponse metadata = await client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, version: 12);
        MetadataResponse.MetadataResponseTopic topic = Assert.Single(metadata.Topics);
        Assert.Equal(("t", id, 2), (topic.Name, topic.TopicId, topic.Partitions.Length));
        DescribeConfigsResponse configs = await client.CallAsync<DescribeConfigsResponse>(
            new DescribeConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = ["max.message.bytes"] }] },
            version: 4);
        Assert.Equal("2000000", Assert.Single(configs.Results[0].Configs).Value);
    }

    private static async Task<long> EndOfAsync(RawClient client, string topic)
    {
        ListOffsetsResponse response = await client.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = topic, Partitions = [new() { Timestamp = -1 }] }] },
            version: 5);
        return response.Topics[0].Partitions[0].Offset;
    }
}
