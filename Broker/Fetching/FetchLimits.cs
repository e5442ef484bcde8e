using KBroker.Broker.Partitions;

namespace KBroker.Broker.Fetching;

/// <summary>What a Fetch asks for as a whole.</summary>
/// <param name="MaxBytes">The most bytes of all partitions together; a first batch that is larger is still given.</param>
/// <param name="MinBytes">Below this many bytes the answer waits.</param>
/// <param name="MaxWait">How long it waits.</param>
/// <param name="Isolation">How far the reader may see.</param>
/// <param name="IsReplica">Whether the reader says that it is a replica.</param>
public readonly record struct FetchLimits(int MaxBytes, int MinBytes, TimeSpan MaxWait, ReadIsolation Isolation, bool IsReplica);
