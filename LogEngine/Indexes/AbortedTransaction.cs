namespace KBroker.LogEngine.Indexes;

/// <summary>
/// An aborted transaction of one partition (KIP-98): its records lie from <paramref name="FirstOffset"/> on, mixed with those of
/// others, and its marker at <paramref name="LastOffset"/>.
/// </summary>
/// <param name="ProducerId">Whose transaction.</param>
/// <param name="FirstOffset">The offset of its first record.</param>
/// <param name="LastOffset">The offset of the abort marker, inclusive.</param>
/// <param name="LastStableOffset">Where the first transaction that was still open began once this one had ended; the offset after
/// the marker if there was none. Every later entry's transaction begins here or later.</param>
public readonly record struct AbortedTransaction(long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);
