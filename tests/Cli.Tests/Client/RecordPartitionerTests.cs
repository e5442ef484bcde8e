using KBroker.Cli.Client;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Tests.Client;

public sealed class RecordPartitionerTests
{
    [Fact]
    public void ForNoKey_StaysUntilABatchIsFull_ThenMoves()
    {
        var partitioner = new RecordPartitioner(new Random(1), stickyBytes: 100);
        TopicView topic = Topic(4, leaderless: []);
        int current = partitioner.ForNoKey(topic, 10);
        for (int round = 0; round < 50; round++)
        {
            for (int i = 0; i < 9; i++) Assert.Equal(current, partitioner.ForNoKey(topic, 10));
            int next = partitioner.ForNoKey(topic, 10);
            Assert.NotEqual(current, next);
            current = next;
        }
    }

    [Fact]
    public void ForNoKey_ReachesEveryPartitionWithALeader_AndNoOther()
    {
        var partitioner = new RecordPartitioner(new Random(1), stickyBytes: 1);
        TopicView topic = Topic(5, leaderless: [1, 3]);
        var seen = Enumerable.Range(0, 200).Select(_ => partitioner.ForNoKey(topic, 10)).ToHashSet();
        Assert.Equal([0, 2, 4], seen.Order());
    }

    [Fact]
    public void ForNoKey_LeaderLost_Moves()
    {
        var partitioner = new RecordPartitioner(new Random(1), stickyBytes: 1000);
        int first = partitioner.ForNoKey(Topic(2, leaderless: []), 1);
        Assert.Equal(1 - first, partitioner.ForNoKey(Topic(2, leaderless: [first]), 1));
    }

    [Fact]
    public void ForNoKey_NoLeaderAtAll_StillAPartition()
    {
        var partitioner = new RecordPartitioner(new Random(1), stickyBytes: 1);
        for (int i = 0; i < 20; i++) Assert.InRange(partitioner.ForNoKey(Topic(2, leaderless: [0, 1]), 1), 0, 1);
    }

    private static TopicView Topic(int partitions, int[] leaderless) => new(new MetadataResponse.MetadataResponseTopic
    {
        Name = "t",
        Partitions = [.. Enumerable.Range(0, partitions).Select(partition => new MetadataResponse.MetadataResponsePartition
        {
            PartitionIndex = partition,
            LeaderId = leaderless.Contains(partition) ? -1 : 1,
        })],
    });
}
