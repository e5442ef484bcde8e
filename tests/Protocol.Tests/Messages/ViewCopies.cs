using System.Text;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Messages;

/// <summary>Copies what a view says into the class of the same message.</summary>
public static class ViewCopies
{
    private delegate WireStruct Copier(ref KafkaReader reader, short version);

    private static readonly Dictionary<Type, Copier> Copiers = new()
    {
        [typeof(RequestHeader)] = (ref reader, version) => Copy(RequestHeaderView.Read(ref reader, version)),
        [typeof(ProduceRequest)] = (ref reader, version) => Copy(ProduceRequestView.Read(ref reader, version)),
        [typeof(FetchRequest)] = (ref reader, version) => Copy(FetchRequestView.Read(ref reader, version)),
        [typeof(ListOffsetsRequest)] = (ref reader, version) => Copy(ListOffsetsRequestView.Read(ref reader, version)),
        [typeof(OffsetCommitRequest)] = (ref reader, version) => Copy(OffsetCommitRequestView.Read(ref reader, version)),
        [typeof(OffsetFetchRequest)] = (ref reader, version) => Copy(OffsetFetchRequestView.Read(ref reader, version)),
    };

    public static bool HasView(Type message) => Copiers.ContainsKey(message);

    /// <summary>Reads a message through its view; says what is left.</summary>
    public static WireStruct Read(Type message, ReadOnlyMemory<byte> bytes, short version, out int remaining)
    {
        var reader = new KafkaReader(bytes);
        WireStruct copy = Copiers[message](ref reader, version);
        remaining = reader.Remaining;
        return copy;
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    private static string? Text(ReadOnlySpan<byte> utf8, bool isNull) => isNull ? null : Text(utf8);

    private static int[] Array(Int32List list)
    {
        var items = new List<int>();
        foreach (int item in list) items.Add(item);
        return [.. items];
    }

    private static RequestHeader Copy(RequestHeaderView view) => new()
    {
        RequestApiKey = view.RequestApiKey,
        RequestApiVersion = view.RequestApiVersion,
        CorrelationId = view.CorrelationId,
        ClientId = Text(view.ClientId, view.ClientIdIsNull),
    };

    private static ProduceRequest Copy(ProduceRequestView view)
    {
        var topics = new List<ProduceRequest.TopicProduceData>();
        foreach (ProduceRequestView.TopicProduceData topic in view.TopicData)
        {
            var partitions = new List<ProduceRequest.PartitionProduceData>();
            foreach (ProduceRequestView.PartitionProduceData partition in topic.PartitionData)
                partitions.Add(new() { Index = partition.Index, Records = partition.Records });
            topics.Add(new() { Name = Text(topic.Name), TopicId = topic.TopicId, PartitionData = [.. partitions] });
        }

        return new()
        {
            TransactionalId = Text(view.TransactionalId, view.TransactionalIdIsNull),
            Acks = view.Acks,
            TimeoutMs = view.TimeoutMs,
            TopicData = [.. topics],
        };
    }

    private static FetchRequest Copy(FetchRequestView view)
    {
        var topics = new List<FetchRequest.FetchTopic>();
        foreach (FetchRequestView.FetchTopic topic in view.Topics)
        {
            var partitions = new List<FetchRequest.FetchPartition>();
            foreach (FetchRequestView.FetchPartition partition in topic.Partitions)
                partitions.Add(new()
                {
                    Partition = partition.Partition,
                    CurrentLeaderEpoch = partition.CurrentLeaderEpoch,
                    FetchOffset = partition.FetchOffset,
                    LastFetchedEpoch = partition.LastFetchedEpoch,
                    LogStartOffset = partition.LogStartOffset,
                    PartitionMaxBytes = partition.PartitionMaxBytes,
                    ReplicaDirectoryId = partition.ReplicaDirectoryId,
                    HighWatermark = partition.HighWatermark,
                });
            topics.Add(new() { Topic = Text(topic.Topic), TopicId = topic.TopicId, Partitions = [.. partitions] });
        }

        var forgotten = new List<FetchRequest.ForgottenTopic>();
        foreach (FetchRequestView.ForgottenTopic topic in view.ForgottenTopicsData)
            forgotten.Add(new() { Topic = Text(topic.Topic), TopicId = topic.TopicId, Partitions = Array(topic.Partitions) });
        return new()
        {
            ClusterId = Text(view.ClusterId, view.ClusterIdIsNull),
            ReplicaId = view.ReplicaId,
            ReplicaState = view.HasReplicaState
                ? new() { ReplicaId = view.ReplicaState.ReplicaId, ReplicaEpoch = view.ReplicaState.ReplicaEpoch }
                : null,
            MaxWaitMs = view.MaxWaitMs,
            MinBytes = view.MinBytes,
            MaxBytes = view.MaxBytes,
            IsolationLevel = view.IsolationLevel,
            SessionId = view.SessionId,
            SessionEpoch = view.SessionEpoch,
            Topics = [.. topics],
            ForgottenTopicsData = [.. forgotten],
            RackId = Text(view.RackId),
        };
    }

    private static ListOffsetsRequest Copy(ListOffsetsRequestView view)
    {
        var topics = new List<ListOffsetsRequest.ListOffsetsTopic>();
        foreach (ListOffsetsRequestView.ListOffsetsTopic topic in view.Topics)
        {
            var partitions = new List<ListOffsetsRequest.ListOffsetsPartition>();
            foreach (ListOffsetsRequestView.ListOffsetsPartition partition in topic.Partitions)
                partitions.Add(new()
                {
                    PartitionIndex = partition.PartitionIndex,
                    CurrentLeaderEpoch = partition.CurrentLeaderEpoch,
                    Timestamp = partition.Timestamp,
                    MaxNumOffsets = partition.MaxNumOffsets,
                });
            topics.Add(new() { Name = Text(topic.Name), Partitions = [.. partitions] });
        }

        return new()
        {
            ReplicaId = view.ReplicaId,
            IsolationLevel = view.IsolationLevel,
            Topics = [.. topics],
            TimeoutMs = view.TimeoutMs,
        };
    }

    private static OffsetCommitRequest Copy(OffsetCommitRequestView view)
    {
        var topics = new List<OffsetCommitRequest.OffsetCommitRequestTopic>();
        foreach (OffsetCommitRequestView.OffsetCommitRequestTopic topic in view.Topics)
        {
            var partitions = new List<OffsetCommitRequest.OffsetCommitRequestPartition>();
            foreach (OffsetCommitRequestView.OffsetCommitRequestPartition partition in topic.Partitions)
                partitions.Add(new()
                {
                    PartitionIndex = partition.PartitionIndex,
                    CommittedOffset = partition.CommittedOffset,
                    CommittedLeaderEpoch = partition.CommittedLeaderEpoch,
                    CommitTimestamp = partition.CommitTimestamp,
                    CommittedMetadata = Text(partition.CommittedMetadata, partition.CommittedMetadataIsNull),
                });
            topics.Add(new() { Name = Text(topic.Name), TopicId = topic.TopicId, Partitions = [.. partitions] });
        }

        return new()
        {
            GroupId = Text(view.GroupId),
            GenerationIdOrMemberEpoch = view.GenerationIdOrMemberEpoch,
            MemberId = Text(view.MemberId),
            GroupInstanceId = Text(view.GroupInstanceId, view.GroupInstanceIdIsNull),
            RetentionTimeMs = view.RetentionTimeMs,
            Topics = [.. topics],
        };
    }

    private static OffsetFetchRequest Copy(OffsetFetchRequestView view)
    {
        var topics = new List<OffsetFetchRequest.OffsetFetchRequestTopic>();
        foreach (OffsetFetchRequestView.OffsetFetchRequestTopic topic in view.Topics)
            topics.Add(new() { Name = Text(topic.Name), PartitionIndexes = Array(topic.PartitionIndexes) });
        var groups = new List<OffsetFetchRequest.OffsetFetchRequestGroup>();
        foreach (OffsetFetchRequestView.OffsetFetchRequestGroup group in view.Groups)
        {
            var inGroup = new List<OffsetFetchRequest.OffsetFetchRequestTopics>();
            foreach (OffsetFetchRequestView.OffsetFetchRequestTopics topic in group.Topics)
                inGroup.Add(new() { Name = Text(topic.Name), TopicId = topic.TopicId, PartitionIndexes = Array(topic.PartitionIndexes) });
            groups.Add(new()
            {
                GroupId = Text(group.GroupId),
                MemberId = Text(group.MemberId, group.MemberIdIsNull),
                MemberEpoch = group.MemberEpoch,
                Topics = group.Topics.IsNull ? null : [.. inGroup],
            });
        }

        return new()
        {
            GroupId = Text(view.GroupId),
            Topics = view.Topics.IsNull ? null : [.. topics],
            Groups = [.. groups],
            RequireStable = view.RequireStable,
        };
    }
}
