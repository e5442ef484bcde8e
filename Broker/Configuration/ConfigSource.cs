namespace KBroker.Broker.Configuration;

/// <summary>Where an effective value comes from. The numbers are those of DescribeConfigs' <c>ConfigSource</c> field (KIP-226).</summary>
public enum ConfigSource : sbyte
{
    /// <summary>Not known.</summary>
    Unknown = 0,

    /// <summary>Set on the topic.</summary>
    DynamicTopicConfig = 1,

    /// <summary>Set at runtime for one broker.</summary>
    DynamicBrokerConfig = 2,

    /// <summary>Set at runtime for all brokers of the cluster.</summary>
    DynamicDefaultBrokerConfig = 3,

    /// <summary>Given at startup: file, environment or command line.</summary>
    StaticBrokerConfig = 4,

    /// <summary>The built-in default.</summary>
    DefaultConfig = 5,

    /// <summary>Set on the group.</summary>
    GroupConfig = 8,
}
