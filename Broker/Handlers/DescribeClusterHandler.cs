using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DescribeCluster (key 60): the brokers, the controller and the cluster's id (KIP-700).
/// </summary>
/// <remarks>
/// Versions 0-2. v1: the client says whether it means brokers or a controller quorum (KIP-919); a broker answers for brokers only.
/// v2: fenced brokers may be asked for (KIP-1073); a broker that has lost its registration is gone here, so none is ever fenced.
/// </remarks>
public sealed class DescribeClusterHandler : ApiHandler<DescribeClusterRequest>
{
    private const sbyte Brokers = 1;
    private const sbyte Controllers = 2;

    private readonly MetadataFeed _metadata;

    /// <param name="metadata">The cluster.</param>
    public DescribeClusterHandler(MetadataFeed metadata)
        : base(ApiKey.DescribeCluster, DescribeClusterRequest.LowestVersion, DescribeClusterRequest.HighestVersion)
    {
        _metadata = metadata;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DescribeClusterRequest request) =>
        ValueTask.FromResult(PendingResponse.Ready(request.EndpointType == Brokers ? Describe(context, request) : Refuse(request.EndpointType)));

    private static DescribeClusterResponse Refuse(sbyte endpointType) => endpointType == Controllers
        ? new() { ErrorCode = ErrorCode.MismatchedEndpointType, ErrorMessage = "This endpoint is a broker's, not a controller's." }
        : new() { ErrorCode = ErrorCode.UnsupportedEndpointType, ErrorMessage = $"There is no endpoint type {endpointType}." };

    private DescribeClusterResponse Describe(RequestContext context, DescribeClusterRequest request)
    {
        var view = new ListenerView(_metadata.Current, context.Connection.Listener.Name);
        return new DescribeClusterResponse
        {
            ClusterId = view.Image.ClusterId,
            ControllerId = view.ControllerId,
            Brokers = [.. view.Brokers.Select(entry => new DescribeClusterResponse.DescribeClusterBroker
            {
                BrokerId = entry.Broker.Id.Value,
                Host = entry.Endpoint.Host,
                Port = entry.Endpoint.Port,
                Rack = entry.Broker.Rack,
            })],
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations
                ? AuthorizedOperations.AllOnCluster
                : AuthorizedOperations.NotRequested,
        };
    }
}
