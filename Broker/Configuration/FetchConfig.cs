namespace KBroker.Broker.Configuration;

/// <summary>Bounds on reads.</summary>
/// <param name="MaxBytes">The largest fetch response in bytes.</param>
/// <param name="SessionCacheSlots">Incremental fetch sessions kept at a time (KIP-227); 0 turns them off.</param>
/// <param name="MaxPartitionsPerDescribe">The most partitions in one DescribeTopicPartitions response.</param>
public sealed record FetchConfig(int MaxBytes, int SessionCacheSlots, int MaxPartitionsPerDescribe);
