using System.Net;
using KBroker.Broker.Security;

namespace KBroker.Broker.Connections;

/// <summary>What handlers may know of the connection a request came by.</summary>
public sealed class ClientConnection
{
    /// <summary>Describes a connection.</summary>
    /// <param name="id">Distinguishes connections in logs.</param>
    /// <param name="listener">The listener it came by.</param>
    /// <param name="remote">The client's address.</param>
    /// <param name="closed">Cancelled when the connection ends: no response will be sent any more.</param>
    public ClientConnection(string id, ListenerOptions listener, EndPoint? remote, CancellationToken closed)
    {
        Id = id;
        Listener = listener;
        RemoteEndPoint = remote;
        Closed = closed;
    }

    /// <summary>Distinguishes connections in logs: unique while the process runs.</summary>
    public string Id { get; }

    /// <summary>The listener it came by.</summary>
    public ListenerOptions Listener { get; }

    /// <summary>The client's address; null in memory.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>The client's host as Kafka shows it to authorizers and in group descriptions: an address without port.</summary>
    public string ClientHost => RemoteEndPoint is IPEndPoint ip ? ip.Address.IsIPv4MappedToIPv6 ? ip.Address.MapToIPv4().ToString() : ip.Address.ToString() : "";

    /// <summary>Cancelled when the connection ends: no response will be sent any more.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Who the client is.</summary>
    public KafkaPrincipal Principal { get; internal set; } = KafkaPrincipal.Anonymous;

    /// <summary>The client library's name, once ApiVersions v3+ told it (KIP-511).</summary>
    public string ClientSoftwareName { get; internal set; } = "unknown";

    /// <summary>The client library's version, once ApiVersions v3+ told it (KIP-511).</summary>
    public string ClientSoftwareVersion { get; internal set; } = "unknown";
}
