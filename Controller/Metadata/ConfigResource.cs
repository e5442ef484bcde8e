namespace KBroker.Controller.Metadata;

/// <summary>What kind of thing a configuration belongs to; the numbers are those of the protocol.</summary>
public enum ConfigResourceType : byte
{
    /// <summary>A topic.</summary>
    Topic = 2,

    /// <summary>A broker, or all brokers.</summary>
    Broker = 4,

    /// <summary>A group of consumers (KIP-848).</summary>
    Group = 32,
}

/// <summary>Something with a dynamic configuration.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Name">The topic's name, the broker's id as text, <see cref="DefaultBroker"/>, or the group's id.</param>
public readonly record struct ConfigResource(ConfigResourceType Type, string Name)
{
    /// <summary>The name under which the configuration of all brokers is kept.</summary>
    public const string DefaultBroker = "<default>";
}
