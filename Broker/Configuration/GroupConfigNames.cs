namespace KBroker.Broker.Configuration;

/// <summary>The names of the settings that groups of consumers may have of their own (KIP-848).</summary>
public static class GroupConfigNames
{
    /// <summary><c>consumer.session.timeout.ms</c>.</summary>
    public const string ConsumerSessionTimeoutMs = "consumer.session.timeout.ms";

    /// <summary><c>consumer.heartbeat.interval.ms</c>.</summary>
    public const string ConsumerHeartbeatIntervalMs = "consumer.heartbeat.interval.ms";
}
