using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Cli.Client;

/// <summary>Finds the coordinators of groups or of transactional ids and asks them, the next one where a coordinator moved.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="keyType">What the keys are: <see cref="Group"/> or <see cref="Transaction"/>.</param>
public sealed class CoordinatorClient(ClusterClient cluster, sbyte keyType)
{
    /// <summary>The keys are group ids.</summary>
    public const sbyte Group = 0;

    /// <summary>The keys are transactional ids.</summary>
    public const sbyte Transaction = 1;

    /// <summary>The broker that coordinates a key.</summary>
    /// <exception cref="ClientException">There is none, or no broker answers.</exception>
    public async Task<(int Id, BrokerConnection Connection)> FindAsync(string key, CancellationToken cancellation)
    {
        await cluster.GetMetadataAsync([], allowAutoCreation: false, cancellation);
        BrokerConnection any = await cluster.AnyBrokerAsync(cancellation);
        // One key a request: from version 4 on there may be several, which nobody needs here.
        FindCoordinatorResponse found = await any.SendAsync<FindCoordinatorResponse>(
            new FindCoordinatorRequest { Key = key, KeyType = keyType }, cancellation, atMost: 3);
        if (found.ErrorCode != ErrorCode.None) throw ClientException.Of(found.ErrorCode, found.ErrorMessage, $"Cannot find the coordinator of '{key}'");
        return (found.NodeId, await cluster.BrokerAsync(found.NodeId, cancellation));
    }

    /// <summary>Asks the coordinator of a key, again while it loads or moves, until <see cref="ClientOptions.ApiTimeout"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">What the response holds against being final.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <param name="atMost">The highest version to use.</param>
    /// <exception cref="ClientException">No coordinator answered.</exception>
    public async Task<TResponse> CallAsync<TResponse>(
        string key, IApiMessage request, Func<TResponse, ErrorCode> errorOf, CancellationToken cancellation, short atMost = short.MaxValue)
        where TResponse : WireStruct, IApiMessage<TResponse>
    {
        ArgumentNullException.ThrowIfNull(errorOf);
        var backoff = new RetryBackoff(cluster.Options, cluster.Options.ApiTimeout);
        while (true)
        {
            ClientException failure;
            try
            {
                (_, BrokerConnection coordinator) = await FindAsync(key, cancellation);
                TResponse response = await coordinator.SendAsync<TResponse>(request, cancellation, atMost);
                ErrorCode error = errorOf(response);
                if (error is not (ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress)) return response;
                failure = ClientException.Of(error, null, $"The coordinator of '{key}' does not answer");
            }
            catch (ClientException e) when (e.IsRetriable)
            {
                failure = e;
            }

            cluster.Options.Warn($"{failure.Message}; trying again");
            if (!await backoff.WaitAsync(cancellation)) throw failure;
        }
    }
}
