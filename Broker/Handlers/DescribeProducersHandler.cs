using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.LogEngine.Producers;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DescribeProducers (key 61): what partitions remember of their producers, so that a transaction that hangs can be found (KIP-664).
/// </summary>
/// <remarks>Version 0.</remarks>
public sealed class DescribeProducersHandler : ApiHandler<DescribeProducersRequest>
{
    private readonly PartitionLookup _partitions;

    /// <param name="partitions">Finds partitions.</param>
    public DescribeProducersHandler(PartitionLookup partitions)
        : base(ApiKey.DescribeProducers, DescribeProducersRequest.LowestVersion, DescribeProducersRequest.HighestVersion)
    {
        _partitions = partitions;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DescribeProducersRequest request) =>
        ValueTask.FromResult(PendingResponse.Ready(new DescribeProducersResponse
        {
            Topics = [.. NamedPartitions.Of(request.Topics.Select(topic => (topic.Name, topic.PartitionIndexes))).Select(topic => new DescribeProducersResponse.TopicResponse
            {
                Name = topic.Topic,
                Partitions = [.. topic.Indexes.Select(index => Describe(topic.Topic, index))],
            })],
        }));

    private DescribeProducersResponse.PartitionResponse Describe(string topic, int index)
    {
        ErrorCode error = _partitions.Find(topic, index, out Partition? partition);
        if (partition is not null && !partition.Log.IsOpen) error = ErrorCode.KafkaStorageError;
        if (partition is null || error != ErrorCode.None) return new DescribeProducersResponse.PartitionResponse { PartitionIndex = index, ErrorCode = error };
        return new DescribeProducersResponse.PartitionResponse
        {
            PartitionIndex = index,
            ActiveProducers = [.. partition.Log.ActiveProducers().Select(Describe)],
        };
    }

    private static DescribeProducersResponse.ProducerState Describe(ActiveProducer producer) => new()
    {
        ProducerId = producer.ProducerId,
        ProducerEpoch = producer.Epoch,
        LastSequence = producer.LastSequence,
        LastTimestamp = producer.LastTimestamp,
        CoordinatorEpoch = producer.CoordinatorEpoch,
        CurrentTxnStartOffset = producer.TransactionStart,
    };
}
