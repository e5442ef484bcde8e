namespace KBroker.Protocol;

/// <summary>The table of all APIs that the schemas know. What a broker serves is for its handlers to say.</summary>
public static partial class ApiKeys
{
    private static readonly ApiKeyInfo[] Table = CreateTable();
    private static readonly ApiKeyInfo?[] ByKey = Index();

    /// <summary>All APIs, by ascending key.</summary>
    public static IReadOnlyList<ApiKeyInfo> All => Table;

    /// <summary>The API of a key as it stands in a request; null for a key that is not known.</summary>
    public static ApiKeyInfo? Find(short key) => (uint)key < (uint)ByKey.Length ? ByKey[key] : null;

    /// <summary>The API of a key.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The key is not known.</exception>
    public static ApiKeyInfo Get(ApiKey key) => Find((short)key) ?? throw new ArgumentOutOfRangeException(nameof(key), key, "unknown API key");

    private static ApiKeyInfo?[] Index()
    {
        var index = new ApiKeyInfo?[(short)Table[^1].Key + 1];
        foreach (ApiKeyInfo info in Table) index[(short)info.Key] = info;
        return index;
    }
}
