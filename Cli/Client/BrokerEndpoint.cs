using System.Globalization;

namespace KBroker.Cli.Client;

/// <summary>Where a broker listens.</summary>
/// <param name="Host">A host name or an address, an IPv6 address without brackets.</param>
/// <param name="Port">1 to 65535.</param>
public readonly record struct BrokerEndpoint(string Host, int Port)
{
    /// <summary>The port that is meant where none is written.</summary>
    public const int DefaultPort = 9092;

    /// <summary>
    /// Reads a list such as <c>host1:9092,[::1]:9093</c>, the form of <c>bootstrap.servers</c>. A missing port is 9092.
    /// Returns null and what is wrong when the text is not such a list.
    /// </summary>
    public static IReadOnlyList<BrokerEndpoint>? ParseList(string text, out string problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        var endpoints = new List<BrokerEndpoint>();
        foreach (string item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!TryParse(item, out BrokerEndpoint endpoint, out problem)) return null;
            endpoints.Add(endpoint);
        }

        problem = endpoints.Count == 0 ? $"'{text}' names no server: expected HOST:PORT[,HOST:PORT...]" : "";
        return endpoints.Count == 0 ? null : endpoints;
    }

    /// <summary>Reads <c>HOST</c>, <c>HOST:PORT</c> or <c>[ADDRESS]:PORT</c>; false, and what is wrong, for anything else.</summary>
    public static bool TryParse(string text, out BrokerEndpoint endpoint, out string problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        endpoint = default;
        problem = $"'{text}' is not HOST:PORT";
        string host = text;
        string port = "";
        int bracket = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        int colon = text.LastIndexOf(':');
        if (bracket > 0)
        {
            host = text[1..bracket];
            if (bracket + 1 < text.Length && text[bracket + 1] != ':') return false;
            port = bracket + 1 < text.Length ? text[(bracket + 2)..] : DefaultPort.ToString(CultureInfo.InvariantCulture);
        }
        else if (colon >= 0 && text.IndexOf(':', StringComparison.Ordinal) == colon)
        {
            host = text[..colon];
            port = text[(colon + 1)..];
        }
        else if (colon < 0)
        {
            port = DefaultPort.ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            problem += ": write an IPv6 address in brackets";
            return false;
        }

        if (host.Length == 0 || host.Any(c => char.IsWhiteSpace(c) || c is '/' or '[' or ']')) return false;
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > 65535)
        {
            problem = $"'{text}' has no valid port: expected 1 to 65535";
            return false;
        }

        endpoint = new BrokerEndpoint(host, number);
        problem = "";
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
