namespace KBroker.Protocol;

/// <summary>One API: which versions its messages have and which headers go with them.</summary>
/// <param name="Key">The API.</param>
/// <param name="Name">Kafka's name of it.</param>
/// <param name="LowestVersion">The lowest version that can be read and written.</param>
/// <param name="HighestVersion">The highest version that can be read and written.</param>
/// <param name="HighestStableVersion">The highest version that a release has settled; a broker advertises none above it.</param>
/// <param name="FlexibleFrom">The first flexible version (KIP-482), or 32767 when there is none.</param>
public sealed record ApiKeyInfo(
    ApiKey Key, string Name, short LowestVersion, short HighestVersion, short HighestStableVersion, short FlexibleFrom)
{
    /// <summary>Whether messages of the version can be read and written.</summary>
    public bool IsValid(short version) => version >= LowestVersion && version <= HighestVersion;

    /// <summary>Whether the version is a flexible one.</summary>
    public bool IsFlexible(short version) => version >= FlexibleFrom;

    /// <summary>
    /// The version of the header before a request: 2 for flexible versions, else 1; 0 for ControlledShutdown v0, which
    /// carries no client id.
    /// </summary>
    public short RequestHeaderVersion(short version) =>
        IsFlexible(version) ? (short)2 : Key == ApiKey.ControlledShutdown && version == 0 ? (short)0 : (short)1;

    /// <summary>
    /// The version of the header before a response: 1 for flexible versions, else 0. ApiVersions is always 0: a client reads
    /// it before it knows what the broker speaks (KIP-511).
    /// </summary>
    public short ResponseHeaderVersion(short version) =>
        Key != ApiKey.ApiVersions && IsFlexible(version) ? (short)1 : (short)0;
}
