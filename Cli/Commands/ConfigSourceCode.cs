namespace KBroker.Cli.Commands;

/// <summary>Where a configuration's value comes from, as DescribeConfigs numbers it (KIP-226).</summary>
public enum ConfigSourceCode : sbyte
{
    /// <summary>The broker does not say.</summary>
    Unknown = 0,

    /// <summary>Set for the topic.</summary>
    DynamicTopic = 1,

    /// <summary>Set for one broker while it runs.</summary>
    DynamicBroker = 2,

    /// <summary>Set for all brokers while they run.</summary>
    DynamicDefaultBroker = 3,

    /// <summary>From <c>server.properties</c>.</summary>
    StaticBroker = 4,

    /// <summary>The default.</summary>
    Default = 5,

    /// <summary>Set for a broker's logger.</summary>
    DynamicBrokerLogger = 6,

    /// <summary>Set for a client metrics subscription.</summary>
    ClientMetrics = 7,

    /// <summary>Set for a group.</summary>
    Group = 8,
}
