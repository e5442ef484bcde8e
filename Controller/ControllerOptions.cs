using KBroker.Protocol.Identity;

namespace KBroker.Controller;

/// <summary>The controller's settings.</summary>
/// <param name="Id">The id of the broker it runs on (<c>node.id</c>).</param>
/// <param name="DefaultPartitions"><c>num.partitions</c>.</param>
/// <param name="DefaultReplicationFactor"><c>default.replication.factor</c>.</param>
/// <param name="MaxPartitions"><c>kbroker.max.partitions</c>: the most partition replicas a broker holds.</param>
/// <param name="DeleteTopicEnable"><c>delete.topic.enable</c>.</param>
/// <param name="UncleanLeaderElection"><c>unclean.leader.election.enable</c>, for topics that do not set it.</param>
public sealed record ControllerOptions(
    BrokerId Id,
    int DefaultPartitions = 1,
    short DefaultReplicationFactor = 1,
    int MaxPartitions = 100_000,
    bool DeleteTopicEnable = true,
    bool UncleanLeaderElection = false)
{
    /// <summary>The most operations of one multi, which bounds the size of a write; at least 2.</summary>
    public int OperationsPerWrite { get; init; } = 1000;

    /// <summary>The id of the cluster if this controller is its first; null for a random one.</summary>
    public string? NewClusterId { get; init; }

    /// <summary>
    /// Hears once of each write, election or start of a term that the coordination store's failure ended; called on the event
    /// loop. The controller starts over from the tree at the next event.
    /// </summary>
    public Action<Exception>? OnStoreFailure { get; init; }
}
