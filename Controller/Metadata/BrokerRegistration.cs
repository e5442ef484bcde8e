using System.Collections.Immutable;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Metadata;

/// <summary>A live broker.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Epoch">Its incarnation: the creation id of its registration (KIP-380).</param>
/// <param name="Endpoints">Its listeners.</param>
/// <param name="Rack">Its rack, or null.</param>
public sealed record BrokerRegistration(
    BrokerId Id, BrokerEpoch Epoch, ImmutableArray<BrokerEndpoint> Endpoints, string? Rack)
{
    /// <summary>The endpoint of a listener, or null if this broker does not have it.</summary>
    public BrokerEndpoint? Endpoint(string listenerName)
    {
        foreach (BrokerEndpoint endpoint in Endpoints)
        {
            if (string.Equals(endpoint.ListenerName, listenerName, StringComparison.OrdinalIgnoreCase)) return endpoint;
        }

        return null;
    }
}
