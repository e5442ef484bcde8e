using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DescribeTopicPartitions (key 75): topics page by page, so that no answer grows with the cluster (KIP-966).
/// </summary>
/// <remarks>
/// Version 0 is the only one. Topics come in the order of their names; an answer holds at most as many partitions as the client and
/// <c>max.request.partition.size.limit</c> allow, but at least one, and says with a cursor where the next one starts. No topics
/// mean all. A cursor must point into the topics asked for. Replicas that are eligible as leaders beside the ISR are not kept
/// in ZooKeeper clusters, so those lists are null.
/// </remarks>
public sealed class DescribeTopicPartitionsHandler : ApiHandler<DescribeTopicPartitionsRequest>
{
    private readonly MetadataFeed _metadata;
    private readonly LocalReplicas _local;
    private readonly Func<BrokerConfig> _config;

    /// <param name="metadata">The cluster.</param>
    /// <param name="local">Which replicas here are out of service.</param>
    /// <param name="config">The configuration now in force.</param>
    public DescribeTopicPartitionsHandler(MetadataFeed metadata, LocalReplicas local, Func<BrokerConfig> config)
        : base(ApiKey.DescribeTopicPartitions, DescribeTopicPartitionsRequest.LowestVersion, DescribeTopicPartitionsRequest.HighestVersion)
    {
        _metadata = metadata;
        _local = local;
        _config = config;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DescribeTopicPartitionsRequest request)
    {
        var view = new ListenerView(_metadata.Current, context.Connection.Listener.Name, _local);
        bool isAll = request.Topics.Length == 0;
        IEnumerable<string> asked = isAll
            ? view.Image.Topics.Select(topic => topic.Name)
            : request.Topics.Select(topic => topic.Name).Distinct(StringComparer.Ordinal);
        string first = request.Cursor?.TopicName ?? "";
        string[] names = [.. asked.Where(name => string.CompareOrdinal(name, first) >= 0).Order(StringComparer.Ordinal)];

        bool isCursorSound = request.Cursor is not { } cursor
            || (cursor.PartitionIndex >= 0 && (isAll || names is [{ } head, ..] && head == cursor.TopicName));
        return ValueTask.FromResult(PendingResponse.Ready(isCursorSound ? Page(view, request, names, isAll) : Refuse(request)));
    }

    private static DescribeTopicPartitionsResponse Refuse(DescribeTopicPartitionsRequest request) => new()
    {
        Topics = [.. request.Topics.Select(topic => Failed(topic.Name, ErrorCode.InvalidRequest))],
    };

    private DescribeTopicPartitionsResponse Page(ListenerView view, DescribeTopicPartitionsRequest request, string[] names, bool isAll)
    {
        int left = Math.Max(Math.Min(_config().Fetch.MaxPartitionsPerDescribe, request.ResponsePartitionLimit), 1);
        var topics = new List<DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic>();
        foreach (string name in names)
        {
            if (left == 0) return Until(topics, name, 0);
            if (!view.Image.TryGetTopic(name, out TopicImage? topic))
            {
                if (!isAll) topics.Add(Failed(name, ErrorCode.UnknownTopicOrPartition));
                continue;
            }

            int from = request.Cursor is { } cursor && cursor.TopicName == name ? Math.Min(cursor.PartitionIndex, topic.Partitions.Length) : 0;
            int count = Math.Min(topic.Partitions.Length - from, left);
            topics.Add(Described(view, topic, from, count));
            left -= count;
            if (from + count < topic.Partitions.Length) return Until(topics, name, from + count);
        }

        return new DescribeTopicPartitionsResponse { Topics = [.. topics] };
    }

    private static DescribeTopicPartitionsResponse Until(
        List<DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic> topics, string nextTopic, int nextPartition) => new()
        {
            Topics = [.. topics],
            NextCursor = new DescribeTopicPartitionsResponse.Cursor { TopicName = nextTopic, PartitionIndex = nextPartition },
        };

    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic Failed(string name, ErrorCode error) => new()
    {
        Name = name,
        ErrorCode = error,
        IsInternal = InternalTopics.Contains(name),
    };

    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic Described(
        ListenerView view, TopicImage topic, int from, int count) => new()
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = InternalTopics.Contains(topic.Name),
            TopicAuthorizedOperations = AuthorizedOperations.AllOnTopic,
            Partitions = [.. topic.Partitions.AsSpan(from, count).ToArray().Select(partition => Described(view, topic, partition))],
        };

    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition Described(
        ListenerView view, TopicImage topic, PartitionImage partition)
    {
        PartitionView seen = view.Describe(topic, partition);
        return new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition
        {
            ErrorCode = seen.Error,
            PartitionIndex = partition.Id,
            LeaderId = seen.LeaderId,
            LeaderEpoch = seen.LeaderEpoch,
            ReplicaNodes = seen.Replicas,
            IsrNodes = seen.Isr,
            OfflineReplicas = seen.Offline,
        };
    }
}
