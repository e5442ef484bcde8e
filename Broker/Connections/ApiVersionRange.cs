using KBroker.Protocol;

namespace KBroker.Broker.Connections;

/// <summary>The versions of one API as ApiVersions names them.</summary>
public readonly record struct ApiVersionRange(ApiKey ApiKey, short Lowest, short Highest);
