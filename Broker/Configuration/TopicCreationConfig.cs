namespace KBroker.Broker.Configuration;

/// <summary>What applies when topics are created and deleted.</summary>
/// <param name="NumPartitions">Partitions of a topic created without a count.</param>
/// <param name="DefaultReplicationFactor">Replicas of a topic created without a count.</param>
/// <param name="AutoCreate">Whether asking for an unknown topic creates it.</param>
/// <param name="DeleteEnabled">Whether topics can be deleted.</param>
/// <param name="MaxPartitions">The most partitions the broker holds.</param>
public sealed record TopicCreationConfig(int NumPartitions, short DefaultReplicationFactor, bool AutoCreate, bool DeleteEnabled, int MaxPartitions);
