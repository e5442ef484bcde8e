using KBroker.Protocol.Identity;

namespace KBroker.Controller;

/// <summary>Partitions to add to a topic.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="TotalCount">How many partitions it is to have afterwards.</param>
/// <param name="Assignments">The brokers of each new partition, in order; null if the controller places them.</param>
public sealed record NewPartitions(string Topic, int TotalCount, IReadOnlyList<IReadOnlyList<BrokerId>>? Assignments);
