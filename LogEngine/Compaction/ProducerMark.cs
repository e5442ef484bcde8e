namespace KBroker.LogEngine.Compaction;

/// <summary>
/// What of a producer has to stay in the log for its state to be found again: the batch that ends with its last record, or, when its
/// epoch has no record, the marker that brought the epoch.
/// </summary>
/// <param name="LastOffset">The offset of its last record; -1 for none in this epoch.</param>
/// <param name="Epoch">Its epoch.</param>
internal readonly record struct ProducerMark(long LastOffset, short Epoch);
