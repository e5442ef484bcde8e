namespace KBroker.Broker.Configuration;

/// <summary>What a configuration is built from, lowest precedence first.</summary>
public sealed record BrokerConfigInput
{
    /// <summary>The path of <c>server.properties</c>; null when none is given.</summary>
    public string? File { get; init; }

    /// <summary>The environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The <c>--override</c> options, each <c>key=value</c>.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>The name advertised for a listener on every interface.</summary>
    public string HostName { get; init; } = "localhost";
}
