using System.Text;
using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Broker.Offsets;
using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// ListOffsets (key 2): which offset a time, the start or the end of a partition is.
/// </summary>
/// <remarks>
/// Versions 0-11. v0 lists first offsets of segments, and Kafka 4 does not serve it. v1: one offset and its timestamp (KIP-79).
/// v2: isolation level (KIP-98). v4: leader epoch (KIP-320). v5: OFFSET_NOT_AVAILABLE, which older versions hear as
/// LEADER_NOT_AVAILABLE (KIP-207). v6: flexible. v7: -3, the largest timestamp (KIP-734). v8: -4, the first local offset
/// (KIP-405). v9: -5, the last offset in remote storage (KIP-1005). v10: timeout for remote storage (KIP-1075). v11: -6, the first
/// offset not yet in remote storage (KIP-1023). A negative timestamp that the version does not know is UNSUPPORTED_VERSION for its
/// partition, a partition named twice INVALID_REQUEST.
/// </remarks>
public sealed class ListOffsetsHandler : ApiHandler
{
    private const int ConsumerId = -1;
    private const int DebuggerId = -2;
    private const short KnowsNotAvailableFrom = 5;

    private readonly PartitionLookup _partitions;

    /// <param name="partitions">Finds partitions.</param>
    public ListOffsetsHandler(PartitionLookup partitions)
        : base(ApiKey.ListOffsets, ListOffsetsRequest.LowestVersion, ListOffsetsRequest.HighestVersion)
    {
        _partitions = partitions;
    }

    /// <inheritdoc/>
    public override ValueTask<PendingResponse> HandleAsync(in RequestContext context)
    {
        var reader = new KafkaReader(context.Body);
        var request = ListOffsetsRequestView.Read(ref reader, context.ApiVersion);
        RequestContext.CheckConsumed(in reader);

        OffsetReaderKind kind = KindOf(request.ReplicaId, request.IsolationLevel);
        HashSet<TopicPartition> repeated = Repeated(request);
        var seen = new HashSet<TopicPartition>();
        var topics = new ListOffsetsResponse.ListOffsetsTopicResponse[request.Topics.Count];
        int next = 0;
        foreach (ListOffsetsRequestView.ListOffsetsTopic topic in request.Topics)
        {
            string name = Encoding.UTF8.GetString(topic.Name);
            var answers = new List<ListOffsetsResponse.ListOffsetsPartitionResponse>(topic.Partitions.Count);
            foreach (ListOffsetsRequestView.ListOffsetsPartition wanted in topic.Partitions)
            {
                var partition = new TopicPartition(name, wanted.PartitionIndex);
                bool isRepeated = repeated.Contains(partition);
                if (isRepeated && !seen.Add(partition)) continue;
                answers.Add(
                    isRepeated ? Failed(wanted.PartitionIndex, ErrorCode.InvalidRequest)
                    : context.ApiVersion == 0 ? OldStyle(name, wanted, kind)
                    : Find(name, wanted, kind, context.ApiVersion));
            }

            topics[next++] = new ListOffsetsResponse.ListOffsetsTopicResponse { Name = name, Partitions = [.. answers] };
        }

        return ValueTask.FromResult(PendingResponse.Ready(new ListOffsetsResponse { Topics = topics }));
    }

    private static OffsetReaderKind KindOf(int replicaId, sbyte isolation) => replicaId switch
    {
        ConsumerId => isolation == (sbyte)ReadIsolation.ReadCommitted ? OffsetReaderKind.CommittedConsumer : OffsetReaderKind.Consumer,
        DebuggerId => OffsetReaderKind.Debugger,
        _ => OffsetReaderKind.Replica,
    };

    private static HashSet<TopicPartition> Repeated(in ListOffsetsRequestView request)
    {
        var seen = new HashSet<TopicPartition>();
        var repeated = new HashSet<TopicPartition>();
        foreach (ListOffsetsRequestView.ListOffsetsTopic topic in request.Topics)
        {
            string name = Encoding.UTF8.GetString(topic.Name);
            foreach (ListOffsetsRequestView.ListOffsetsPartition wanted in topic.Partitions)
            {
                var partition = new TopicPartition(name, wanted.PartitionIndex);
                if (!seen.Add(partition)) repeated.Add(partition);
            }
        }

        return repeated;
    }

    private static ListOffsetsResponse.ListOffsetsPartitionResponse Failed(int index, ErrorCode error) =>
        new() { PartitionIndex = index, ErrorCode = error };

    private ListOffsetsResponse.ListOffsetsPartitionResponse Find(
        string topic, in ListOffsetsRequestView.ListOffsetsPartition wanted, OffsetReaderKind kind, short version)
    {
        if (!OffsetReader.IsKnown(wanted.Timestamp, version)) return Failed(wanted.PartitionIndex, ErrorCode.UnsupportedVersion);
        ErrorCode error = _partitions.Find(topic, wanted.PartitionIndex, out Partition? partition);
        if (partition is null) return Failed(wanted.PartitionIndex, error);
        var knownEpoch = new LeaderEpoch(Math.Max(wanted.CurrentLeaderEpoch, LeaderEpoch.Unknown.Value));
        ListedOffset found = OffsetReader.Find(partition, wanted.Timestamp, kind, knownEpoch);
        if (found.Error == ErrorCode.OffsetNotAvailable && version < KnowsNotAvailableFrom)
            return Failed(wanted.PartitionIndex, ErrorCode.LeaderNotAvailable);
        return new ListOffsetsResponse.ListOffsetsPartitionResponse
        {
            PartitionIndex = wanted.PartitionIndex,
            ErrorCode = found.Error,
            Timestamp = found.Timestamp,
            Offset = found.Offset,
            LeaderEpoch = version >= 4 ? found.LeaderEpoch : LeaderEpoch.Unknown.Value,
        };
    }

    private ListOffsetsResponse.ListOffsetsPartitionResponse OldStyle(
        string topic, in ListOffsetsRequestView.ListOffsetsPartition wanted, OffsetReaderKind kind)
    {
        ErrorCode error = _partitions.Find(topic, wanted.PartitionIndex, out Partition? partition);
        if (partition is null) return Failed(wanted.PartitionIndex, error);
        error = OldStyleOffsets.List(partition, wanted.Timestamp, wanted.MaxNumOffsets, kind, out long[] offsets);
        return new() { PartitionIndex = wanted.PartitionIndex, ErrorCode = error, OldStyleOffsets = offsets };
    }
}
