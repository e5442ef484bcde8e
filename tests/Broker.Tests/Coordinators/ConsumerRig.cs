using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>A shard with a group "g" of the consumer protocol, stepped by hand.</summary>
internal sealed class ConsumerRig
{
    public ConsumerRig(ConsumerGroupConfig? config = null, params (string Name, int Partitions)[] topics)
    {
        Shards = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = 0, Consumer = config ?? new ConsumerGroupConfig() });
        foreach ((string name, int partitions) in topics) Shards.Topics.Create(name, partitions);
    }

    public static ConsumerRig WithTopic(int partitions = 6) => new(null, ("t", partitions));

    public GroupRig Shards { get; }

    public ConsumerGroup Group => Shards.Shard.TryGetConsumers("g", out ConsumerGroup? group) ? group : throw new InvalidOperationException("there is no consumer group g");

    public ConsumerGroupState State => Group.State;

    public ConsumerHeartbeatAnswer Beat(ConsumerHeartbeat beat)
    {
        var answer = new Answer<ConsumerHeartbeatAnswer>();
        Shards.Shard.Heartbeat("g", beat, answer.Set);
        return answer.Value;
    }

    /// <summary>Joins, as a client does that holds nothing.</summary>
    public ConsumerHeartbeatAnswer Join(
        string id, string? instanceId = null, string[]? topics = null, string? regex = null, string? assignor = null, int rebalanceTimeoutMs = 30_000) => Beat(
        new ConsumerHeartbeat(id, 0, new MemberClient("c", "/h"))
        {
            InstanceId = instanceId,
            RebalanceTimeoutMs = rebalanceTimeoutMs,
            Topics = topics ?? (regex is null ? ["t"] : null),
            Regex = regex,
            Assignor = assignor,
            Owned = TopicPartitionSet.Empty,
        });

    /// <summary>A heartbeat that says what the member holds, if anything is given for that.</summary>
    public ConsumerHeartbeatAnswer Beat(string id, int epoch, TopicPartitionSet? owned = null, string? instanceId = null, string[]? topics = null, string? regex = null) =>
        Beat(new ConsumerHeartbeat(id, epoch, new MemberClient("c", "/h")) { InstanceId = instanceId, Owned = owned, Topics = topics, Regex = regex });

    public TopicPartitionSet Parts(params int[] partitions) => Parts("t", partitions);

    public TopicPartitionSet Parts(string topic, params int[] partitions)
    {
        Guid id = Shards.Topics.Id(topic);
        return TopicPartitionSet.Of(partitions.Select(partition => (id, partition)));
    }

    public ErrorCode Commit(string id, int epoch, int partition = 0, bool knowsEpochs = true)
    {
        var answer = new Answer<ErrorCode[]>();
        Shards.Shard.Commit(
            "g", new OffsetCommitter(id, null, epoch, knowsEpochs), -1, [new OffsetToCommit(new OffsetKey("t", partition), 5, -1, "")], answer.Set);
        return answer.Value[0];
    }

    public ErrorCode Fetch(string? id, int epoch)
    {
        ErrorCode? error = null;
        Shards.Shard.Fetch("g", new OffsetReader(id, epoch), null, false, (refused, _) => error = refused);
        return error ?? throw new InvalidOperationException("there is no answer yet");
    }
}
