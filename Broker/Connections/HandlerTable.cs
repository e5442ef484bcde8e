namespace KBroker.Broker.Connections;

/// <summary>The only list of APIs that a listener serves; ApiVersions answers from it.</summary>
public sealed class HandlerTable
{
    private readonly ApiHandler?[] _byKey;

    private HandlerTable(ApiHandler?[] byKey, IReadOnlyList<ApiVersionRange> ranges) => (_byKey, Ranges) = (byKey, ranges);

    /// <summary>What ApiVersions names, by rising key.</summary>
    public IReadOnlyList<ApiVersionRange> Ranges { get; }

    /// <summary>A table of <paramref name="handlers"/> and of the one that <paramref name="apiVersions"/> makes for them all.</summary>
    /// <exception cref="ArgumentException">Two handlers serve one API.</exception>
    public static HandlerTable Create(IEnumerable<ApiHandler> handlers, Func<IReadOnlyList<ApiVersionRange>, ApiHandler> apiVersions)
    {
        ArgumentNullException.ThrowIfNull(handlers);
        ArgumentNullException.ThrowIfNull(apiVersions);
        var ranges = new List<ApiVersionRange>();
        var all = new List<ApiHandler>(handlers) { };
        all.Add(apiVersions(ranges));
        var byKey = new ApiHandler?[all.Max(handler => (int)handler.ApiKey) + 1];
        foreach (ApiHandler handler in all)
        {
            ref ApiHandler? slot = ref byKey[(int)handler.ApiKey];
            if (slot is not null) throw new ArgumentException($"Two handlers serve {handler.ApiKey}.", nameof(handlers));
            slot = handler;
        }

        foreach (ApiHandler? handler in byKey)
        {
            if (handler is not null)
                ranges.Add(new ApiVersionRange(handler.ApiKey, handler.LowestAdvertisedVersion, handler.HighestVersion));
        }

        return new HandlerTable(byKey, ranges);
    }

    /// <summary>The handler of an API key as it stands in a request; null when it is not served.</summary>
    public ApiHandler? Find(short apiKey) => (uint)apiKey < (uint)_byKey.Length ? _byKey[apiKey] : null;
}
