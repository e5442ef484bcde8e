using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KBroker.Broker.Connections;

namespace KBroker.Broker.Configuration;

/// <summary>Reads <c>listeners</c>, <c>advertised.listeners</c> and <c>listener.security.protocol.map</c> with Kafka's syntax and rules.</summary>
public static class ListenerParser
{
    /// <summary>Reads a map of listener names to security protocols.</summary>
    /// <param name="text">NAME:PROTOCOL entries separated by commas.</param>
    /// <param name="map">The map; names are upper case.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? ParseProtocolMap(string text, out Dictionary<string, SecurityProtocol> map)
    {
        map = new(StringComparer.Ordinal);
        foreach (string entry in ConfigText.SplitList(text))
        {
            int colon = entry.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) return $"'{entry}' is not a pair NAME:PROTOCOL";
            string name = entry[..colon].Trim().ToUpperInvariant();
            if (ParseProtocol(entry[(colon + 1)..].Trim()) is not { } protocol)
                return $"'{entry[(colon + 1)..]}' is not a security protocol; allowed are PLAINTEXT, SSL, SASL_PLAINTEXT and SASL_SSL";
            if (!map.TryAdd(name, protocol)) return $"the listener name {name} appears twice";
        }
        return null;
    }

    /// <summary>Reads a list of addresses.</summary>
    /// <param name="text">NAME://host:port entries separated by commas.</param>
    /// <param name="protocols">The protocol of each listener name.</param>
    /// <param name="distinctPorts">Whether two entries may not share a port, as is the rule for addresses to listen on.</param>
    /// <param name="endpoints">The addresses.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? ParseEndpoints(
        string text, IReadOnlyDictionary<string, SecurityProtocol> protocols, bool distinctPorts, out List<ListenerEndpoint> endpoints)
    {
        endpoints = [];
        foreach (string entry in ConfigText.SplitList(text))
        {
            if (ParseEndpoint(entry, protocols, out ListenerEndpoint? endpoint) is { } problem) return problem;
            if (endpoints.Any(other => other.Name == endpoint!.Name)) return $"each listener must have a different name, but {endpoint!.Name} appears twice";
            endpoints.Add(endpoint!);
        }
        if (endpoints.Count == 0) return "at least one listener is needed";
        return distinctPorts ? CheckPorts(endpoints) : null;
    }

    /// <summary>The protocol of a name such as <c>SASL_SSL</c>; null when there is none.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The protocol.</returns>
    public static SecurityProtocol? ParseProtocol(string name) => name.ToUpperInvariant() switch
    {
        "PLAINTEXT" => SecurityProtocol.Plaintext,
        "SSL" => SecurityProtocol.Ssl,
        "SASL_PLAINTEXT" => SecurityProtocol.SaslPlaintext,
        "SASL_SSL" => SecurityProtocol.SaslSsl,
        _ => null,
    };

    /// <summary>Kafka's name of a protocol.</summary>
    /// <param name="protocol">The protocol.</param>
    /// <returns>A name such as <c>SASL_SSL</c>.</returns>
    public static string Name(SecurityProtocol protocol) => protocol switch
    {
        SecurityProtocol.Ssl => "SSL",
        SecurityProtocol.SaslPlaintext => "SASL_PLAINTEXT",
        SecurityProtocol.SaslSsl => "SASL_SSL",
        _ => "PLAINTEXT",
    };

    private static string? ParseEndpoint(string entry, IReadOnlyDictionary<string, SecurityProtocol> protocols, out ListenerEndpoint? endpoint)
    {
        endpoint = null;
        int scheme = entry.IndexOf("://", StringComparison.Ordinal);
        int colon = entry.LastIndexOf(':');
        if (scheme <= 0 || colon <= scheme) return $"'{entry}' is not of the form NAME://host:port";

        string name = entry[..scheme].ToUpperInvariant();
        string host = entry[(scheme + 3)..colon];
        if (host is ['[', .. var inner, ']']) host = inner;
        if (!host.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '%' or '.' or '_' or ':'))
            return $"'{host}' in '{entry}' is not a host name or address";
        if (!int.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port > ushort.MaxValue)
            return $"'{entry[(colon + 1)..]}' in '{entry}' is not a port; allowed are 0 to 65535";
        if (!protocols.TryGetValue(name, out SecurityProtocol protocol))
            return $"no security protocol is defined for the listener {name}; add {name}:PLAINTEXT to listener.security.protocol.map";
        endpoint = new(name, protocol, host, port);
        return null;
    }

    // Two listeners share a port only when one is an IPv4 address and the other an IPv6 address (KIP-797).
    private static string? CheckPorts(List<ListenerEndpoint> endpoints)
    {
        foreach (IGrouping<int, ListenerEndpoint> group in endpoints.Where(endpoint => endpoint.Port != 0).GroupBy(endpoint => endpoint.Port))
        {
            AddressFamily?[] families = [.. group.Select(endpoint => IPAddress.TryParse(endpoint.Host, out IPAddress? ip) ? ip.AddressFamily : (AddressFamily?)null)];
            bool oneOfEach = families is [{ } first, { } second] && first != second;
            if (families.Length > 1 && !oneOfEach)
                return $"each listener must have a different port, but {string.Join(" and ", group)} share one";
        }
        return null;
    }
}
