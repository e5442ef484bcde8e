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
/// <remarks>Versions 0-2. v1: flexible. v2: the version of the transaction's protocol (KIP-890).</remarks>
public sealed class WriteTxnMarkersHandler : ApiHandler<WriteTxnMarkersRequest>
{
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

    private async ValueTask<IApiMessage> WriteAsync(WriteTxnMarkersRequest request) => new WriteTxnMarkersResponse
    {
        Markers = await Task.WhenAll(request.Markers.Select(WriteAsync)).ConfigureAwait(false),
    };

    private async Task<WriteTxnMarkersResponse.WritableTxnMarkerResult> WriteAsync(WriteTxnMarkersRequest.WritableTxnMarker marker)
    {
        TopicPartition[] partitions =
            [.. marker.Topics.SelectMany(topic => topic.PartitionIndexes.Select(index => new TopicPartition(topic.Name, index)))];
        var written = new TaskCompletionSource<IReadOnlyList<ErrorCode>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _markers.Write(
            new TransactionEnd(
                marker.ProducerId, marker.ProducerEpoch, marker.TransactionResult, marker.CoordinatorEpoch, partitions, marker.TransactionVersion),
            written.SetResult);
        IReadOnlyList<ErrorCode> errors = await written.Task.ConfigureAwait(false);
        int next = 0;
        return new WriteTxnMarkersResponse.WritableTxnMarkerResult
        {
            ProducerId = marker.ProducerId,
            Topics = [.. marker.Topics.Select(topic => new WriteTxnMarkersResponse.WritableTxnMarkerTopicResult
            {
                Name = topic.Name,
                Partitions = [.. topic.PartitionIndexes.Select(index => new WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult
                {
                    PartitionIndex = index,
                    ErrorCode = errors[next++],
                })],
            })],
        };
    }
}
