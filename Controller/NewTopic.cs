using KBroker.Protocol.Identity;

namespace KBroker.Controller;

/// <summary>A topic to create.</summary>
/// <param name="Name">Its name, as the client sent it.</param>
/// <param name="PartitionCount">How many partitions; -1 for the default, or if there are assignments.</param>
/// <param name="ReplicationFactor">How many replicas; -1 for the default, or if there are assignments.</param>
/// <param name="Assignments">The client's own assignments, by partition index; empty if the controller places.</param>
/// <param name="Configs">Its configuration; a null value is refused.</param>
public sealed record NewTopic(
    string Name,
    int PartitionCount,
    short ReplicationFactor,
    IReadOnlyList<KeyValuePair<int, IReadOnlyList<BrokerId>>> Assignments,
    IReadOnlyList<KeyValuePair<string, string?>> Configs)
{
    /// <summary>The id of a topic that has logs already; empty for a fresh one.</summary>
    public Guid Id { get; init; }

    /// <summary>
    /// The leader epoch each partition begins with, by partition index: above every epoch in its log. Epoch 0 where the list ends.
    /// </summary>
    public IReadOnlyList<LeaderEpoch> FirstLeaderEpochs { get; init; } = [];

    /// <summary>A topic of the broker's default size, as auto-creation makes it.</summary>
    public static NewTopic WithDefaults(string name) => new(name, -1, -1, [], []);
}
