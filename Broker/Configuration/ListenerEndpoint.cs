using KBroker.Broker.Connections;

namespace KBroker.Broker.Configuration;

/// <summary>A named address: one to listen on, or one that is told to clients.</summary>
/// <param name="Name">The listener's name, upper case.</param>
/// <param name="Protocol">Its security protocol.</param>
/// <param name="Host">A host name or an address without brackets; empty is every interface, which only a bound address can be.</param>
/// <param name="Port">0 to 65535; 0 is any free port.</param>
public sealed record ListenerEndpoint(string Name, SecurityProtocol Protocol, string Host, int Port)
{
    /// <inheritdoc />
    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"{Name}://[{Host}]:{Port}" : $"{Name}://{Host}:{Port}";
}
