using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// WriteTxnMarkers (key 27): a transaction's coordinator, or a tool that ends a hanging transaction (KIP-664), has markers written to
/// the partitions that this broker leads.
/// </summary>
/// <remarks>
/// Versions 0-2. v1: flexible. v2: the version of the transaction's protocol (KIP-890). A request of more than
/// <see cref="TransactionShard.MaxPartitions"/> partitions or markers is INVALID_REQUEST, and none of it is written.
/// </remarks>
public sealed class WriteTxnMarkersHandler : ApiHandler<WriteTxnMarkersRequest>
{
    private const int MaxInline = 64;

    private readonly ITransactionMarkers _markers;

    /// <param name="markers">Writes them.</param>
    public WriteTxnMarkersHandler(ITransactionMarkers markers)
        : base(ApiKey.WriteTxnMarkers, WriteTxnMarkersRequest.LowestVersion, WriteTxnMarkersRequest.HighestVersion)
    {
        _markers = markers;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, WriteTxnMarkersRequest request) =>
        ValueTask.FromResult(PendingResponse.From(WriteAsync(request)));

    private async ValueTask<IApiMessage> WriteAsync(WriteTxnMarkersRequest request)
    {
        long partitions = request.Markers.Sum(marker => marker.Topics.Sum(topic => (long)topic.PartitionIndexes.Length));
        if (partitions > TransactionShard.MaxPartitions || request.Markers.Length > TransactionShard.MaxPartitions) return Refuse(request);
        // Each is an append: many of them are no work for the connection's thread.
        if (partitions > MaxInline) await Task.Yield();
        return new WriteTxnMarkersResponse { Markers = await Task.WhenAll(request.Markers.Select(WriteAsync)).ConfigureAwait(false) };
    }

    private async Task<WriteTxnMarkersResponse.WritableTxnMarkerResult> WriteAsync(WriteTxnMarkersRequest.WritableTxnMarker marker)
    {
        NamedPartitions[] topics = NamedPartitions.Of(Named(marker));
        TopicPartition[] partitions = [.. topics.SelectMany(topic => topic.Indexes.Select(index => new TopicPartition(topic.Topic, index)))];
        var written = new TaskCompletionSource<IReadOnlyList<ErrorCode>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _markers.Write(
            new TransactionEnd(
                marker.ProducerId, marker.ProducerEpoch, marker.TransactionResult, marker.CoordinatorEpoch, partitions, marker.TransactionVersion),
            written.SetResult);
        IReadOnlyList<ErrorCode> errors = await written.Task.ConfigureAwait(false);
        int next = 0;
        return Result(marker.ProducerId, topics, () => errors[next++]);
    }

    /// <summary>INVALID_REQUEST for what the request names, up to the bound that it exceeds.</summary>
    private static WriteTxnMarkersResponse Refuse(WriteTxnMarkersRequest request)
    {
        var refused = new List<WriteTxnMarkersResponse.WritableTxnMarkerResult>();
        int left = TransactionShard.MaxPartitions;
        foreach (WriteTxnMarkersRequest.WritableTxnMarker marker in request.Markers.Take(TransactionShard.MaxPartitions))
        {
            refused.Add(Result(marker.ProducerId, NamedPartitions.Of(Named(marker), left), () => ErrorCode.InvalidRequest));
            left = (int)Math.Max(left - marker.Topics.Sum(topic => (long)topic.PartitionIndexes.Length), 0);
        }

        return new WriteTxnMarkersResponse { Markers = [.. refused] };
    }

    private static IEnumerable<(string Topic, int[] Indexes)> Named(WriteTxnMarkersRequest.WritableTxnMarker marker) =>
        marker.Topics.Select(topic => (topic.Name, topic.PartitionIndexes));

    private static WriteTxnMarkersResponse.WritableTxnMarkerResult Result(long producerId, NamedPartitions[] topics, Func<ErrorCode> nextError) => new()
    {
        ProducerId = producerId,
        Topics = [.. topics.Select(topic => new WriteTxnMarkersResponse.WritableTxnMarkerTopicResult
        {
            Name = topic.Topic,
            Partitions = [.. topic.Indexes.Select(index => new WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult
            {
                PartitionIndex = index,
                ErrorCode = nextError(),
            })],
        })],
    };
}
