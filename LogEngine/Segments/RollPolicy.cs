namespace KBroker.LogEngine.Segments;

/// <summary>When the active segment ends before an append, by Kafka's rules.</summary>
internal static class RollPolicy
{
    public static bool ShouldRoll(LogSegment active, LogConfig config, int appendBytes, long maxTimestamp, long lastOffset, long elapsedMs)
    {
        int size = active.Size;
        return size > config.SegmentBytes - (long)appendBytes
            || (size > 0 && IsTooOld(active, config, maxTimestamp, elapsedMs))
            || active.Offsets.IsFull
            || active.Times.IsFull
            || !active.CanHold(lastOffset);
    }

    // Records' own time counts where there is one, so that a replica rolls where its leader did; else the segment's age.
    private static bool IsTooOld(LogSegment active, LogConfig config, long maxTimestamp, long elapsedMs)
    {
        if (config.RollMs == long.MaxValue) return false;
        active.LoadFirstTimestamp();
        long waited = active.FirstTimestamp is { } first and >= 0 ? maxTimestamp - first : elapsedMs - active.CreatedMs;
        return waited > config.RollMs - active.RollJitterMs;
    }
}
