using KBroker.Protocol;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Connections;

/// <summary>Serves one API. One instance serves all connections at once.</summary>
public abstract class ApiHandler
{
    /// <summary>Serves the versions from <paramref name="lowestVersion"/> to <paramref name="highestVersion"/>.</summary>
    protected ApiHandler(ApiKey apiKey, short lowestVersion, short highestVersion)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lowestVersion);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lowestVersion, highestVersion);
        ApiKey = apiKey;
        LowestVersion = lowestVersion;
        HighestVersion = highestVersion;
    }

    /// <summary>The API.</summary>
    public ApiKey ApiKey { get; }

    /// <summary>The lowest version that is served.</summary>
    public short LowestVersion { get; }

    /// <summary>The highest version that is served.</summary>
    public short HighestVersion { get; }

    /// <summary>
    /// The lowest version that ApiVersions names. Below <see cref="LowestVersion"/> only for Produce, where old clients look
    /// for version 0 to learn which compression is known, and do not use it (KAFKA-18659).
    /// </summary>
    public virtual short LowestAdvertisedVersion => LowestVersion;

    /// <summary>
    /// What a request of a version that is not served is answered with, in version 0; null closes the connection, as Kafka
    /// does for all APIs but ApiVersions (KIP-511).
    /// </summary>
    public virtual IApiMessage? UnsupportedVersionResponse => null;

    /// <summary>
    /// Takes a request. The returned task completes when the request is dispatched: its bytes are not needed any more and the
    /// next request of the connection may be taken. The response may come later. Must not block the thread.
    /// </summary>
    /// <exception cref="MalformedMessageException">The body cannot be read; the connection is closed.</exception>
    public abstract ValueTask<PendingResponse> HandleAsync(in RequestContext context);
}

/// <summary>Serves one API from decoded messages that do not refer to the received bytes.</summary>
/// <typeparam name="TRequest">The generated request.</typeparam>
public abstract class ApiHandler<TRequest> : ApiHandler
    where TRequest : WireStruct, IApiMessage<TRequest>
{
    /// <inheritdoc cref="ApiHandler(ApiKey, short, short)"/>
    protected ApiHandler(ApiKey apiKey, short lowestVersion, short highestVersion)
        : base(apiKey, lowestVersion, highestVersion)
    {
    }

    /// <inheritdoc/>
    public sealed override ValueTask<PendingResponse> HandleAsync(in RequestContext context) =>
        HandleAsync(context, context.ReadBody<TRequest>());

    /// <summary>Takes a request; see <see cref="ApiHandler.HandleAsync(in RequestContext)"/> for what completion means.</summary>
    protected abstract ValueTask<PendingResponse> HandleAsync(RequestContext context, TRequest request);
}
