namespace KBroker.Broker.Metadata;

/// <summary>The topics that brokers keep for themselves; clients see them marked, and auto-creation leaves them to their coordinators.</summary>
public static class InternalTopics
{
    /// <summary>Committed offsets and group metadata.</summary>
    public const string ConsumerOffsets = "__consumer_offsets";

    /// <summary>The state of transactions.</summary>
    public const string TransactionState = "__transaction_state";

    /// <summary>The state of share groups (KIP-932).</summary>
    public const string ShareGroupState = "__share_group_state";

    /// <summary>The name of KRaft's metadata log, which can be no topic.</summary>
    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>Whether a topic is one of them.</summary>
    public static bool Contains(string topic) => topic is ConsumerOffsets or TransactionState or ShareGroupState;
}
