using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>
/// Requests with bytes changed at random end in an answer or a closed connection, never in an error of the broker, and other
/// clients notice nothing.
/// </summary>
public sealed class HostileRequestTests
{
    private const int HeaderBytes = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Requests_BytesChanged_AreAnsweredOrRefused(int seed)
    {
        await using BrokerRig rig = await BrokerRig.StartAsync(("kbroker.max.partitions", "200"), ("max.connections.per.ip", "2147483647"));
        await rig.CreateAsync("target", 2);
        await rig.ProduceAsync("target", 1, 2, 3);
        var random = new Random(seed);
        for (int round = 0; round < 25; round++)
        {
            foreach (IApiMessage request in Requests())
            {
                ApiKeyInfo api = ApiKeys.Get(request.Key);
                short version = (short)random.Next(LowestThatCarries(request), api.HighestStableVersion + 1);
                await using RawClient client = await RawClient.ConnectAsync(rig.EndPoint);
                byte[] frame = client.Encode(request, version);
                for (int change = random.Next(1, 4); change > 0; change--) frame[random.Next(HeaderBytes, frame.Length)] = Interesting(random);
                await client.SendBytesAsync(frame);
                client.FinishSending();
                await client.ReadToEndAsync();
            }
        }

        Assert.Empty(rig.Errors.Lines);
        MetadataResponse answer = await rig.CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, 9);
        Assert.All(answer.Topics, topic => Assert.DoesNotContain('/', topic.Name!));
    }

    private static byte Interesting(Random random) => random.Next(4) switch
    {
        0 => 0,
        1 => 0xFF,
        2 => (byte)(1 << random.Next(8)),
        _ => (byte)random.Next(256),
    };

    private static short LowestThatCarries(IApiMessage request) => request switch
    {
        DescribeConfigsRequest => 3,
        CreateTopicsRequest => 1,
        DeleteTopicsRequest => 6,
        _ => 0,
    };

    // Deleting the target would leave the others nothing to reach, so that one is only checked for.
    private static IApiMessage[] Requests() =>
    [
        new MetadataRequest { Topics = [new() { Name = "target" }, new() { Name = "new" }] },
        new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = "target", Partitions = [new() { PartitionIndex = 0, Timestamp = 2 }, new() { PartitionIndex = 1, Timestamp = -1 }] }] },
        new CreateTopicsRequest
        {
            Topics =
            [
                new()
                {
                    Name = "created",
                    NumPartitions = -1,
                    ReplicationFactor = -1,
                    Assignments = [new() { PartitionIndex = 0, BrokerIds = [0] }, new() { PartitionIndex = 1, BrokerIds = [0] }],
                    Configs = [new() { Name = "retention.ms", Value = "1000" }],
                },
            ],
            ValidateOnly = true,
        },
        new DeleteTopicsRequest { Topics = [new() { Name = "tarret" }, new() { Name = null, TopicId = Guid.NewGuid() }], TimeoutMs = 1000 },
        new CreatePartitionsRequest { Topics = [new() { Name = "target", Count = 3, Assignments = [new() { BrokerIds = [0] }] }], TimeoutMs = 1000, ValidateOnly = true },
        new DeleteRecordsRequest { Topics = [new() { Name = "target", Partitions = [new() { PartitionIndex = 0, Offset = 1 }, new() { PartitionIndex = 1, Offset = 0 }] }], TimeoutMs = 1000 },
        new OffsetForLeaderEpochRequest { ReplicaId = -1, Topics = [new() { Topic = "target", Partitions = [new() { Partition = 0, LeaderEpoch = 0 }] }] },
        new DescribeConfigsRequest
        {
            Resources = [new() { ResourceType = 2, ResourceName = "target", ConfigurationKeys = ["retention.ms"] }, new() { ResourceType = 4, ResourceName = "0", ConfigurationKeys = null }],
            IncludeSynonyms = true,
            IncludeDocumentation = true,
        },
        new AlterConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = "target", Configs = [new() { Name = "retention.ms", Value = "900000" }] }], ValidateOnly = true },
        new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = 2,
                    ResourceName = "target",
                    Configs = [new() { Name = "cleanup.policy", ConfigOperation = 2, Value = "compact" }, new() { Name = "retention.ms", ConfigOperation = 1, Value = null }],
                },
                new() { ResourceType = 4, ResourceName = "0", Configs = [new() { Name = "log.retention.ms", ConfigOperation = 0, Value = "900000" }] },
            ],
            ValidateOnly = true,
        },
        new DescribeLogDirsRequest { Topics = [new() { Topic = "target", Partitions = [0, 1] }] },
        new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true },
        new DescribeTopicPartitionsRequest { Topics = [new() { Name = "target" }], Cursor = new() { TopicName = "target", PartitionIndex = 1 } },
    ];
}
