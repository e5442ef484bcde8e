namespace KBroker.Broker.Configuration;

/// <summary>Whether and at which level a broker setting can be changed while the broker runs (KIP-226).</summary>
public enum ConfigUpdateMode
{
    /// <summary>Only at startup.</summary>
    ReadOnly,

    /// <summary>At runtime, for one broker at a time.</summary>
    PerBroker,

    /// <summary>At runtime, for one broker or for all.</summary>
    ClusterWide,
}
