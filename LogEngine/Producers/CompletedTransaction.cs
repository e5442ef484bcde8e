namespace KBroker.LogEngine.Producers;

/// <summary>
/// A transaction whose marker was written at <paramref name="LastOffset"/>. <paramref name="LastStableOffset"/> is where the first
/// transaction still open then began, or the offset after the marker.
/// </summary>
internal readonly record struct CompletedTransaction(
    long ProducerId, long FirstOffset, long LastOffset, bool IsAborted, long LastStableOffset);
