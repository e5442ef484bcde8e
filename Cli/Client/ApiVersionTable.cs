using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Client;

/// <summary>The versions that one broker serves, and the highest that it has in common with this client.</summary>
public sealed class ApiVersionTable
{
    private readonly Dictionary<short, (short Lowest, short Highest)> _served = [];

    /// <summary>The table in a broker's answer.</summary>
    public ApiVersionTable(ApiVersionsResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        foreach (ApiVersionsResponse.ApiVersion api in response.ApiKeys) _served[api.ApiKey] = (api.MinVersion, api.MaxVersion);
    }

    /// <summary>The highest version of an API, not above <paramref name="atMost"/>, that both sides have; -1 for none.</summary>
    public short Highest(ApiKey key, short atMost = short.MaxValue)
    {
        if (!_served.TryGetValue((short)key, out (short Lowest, short Highest) served)) return -1;
        ApiKeyInfo own = ApiKeys.Get(key);
        short highest = Math.Min(Math.Min(served.Highest, own.HighestStableVersion), atMost);
        return highest >= Math.Max(served.Lowest, own.LowestVersion) ? highest : (short)-1;
    }
}
