namespace KBroker.LogEngine.Retention;

/// <summary>What retention looks at in a segment. <paramref name="Size"/> is bytes.</summary>
internal readonly record struct RetainedSegment(long BaseOffset, int Size);

/// <summary>
/// A log as retention sees it. Segments come by rising offset and the last one is active. <paramref name="CommittedEnd"/> and
/// <paramref name="LogEndOffset"/> are exclusive, <paramref name="NowMs"/> is milliseconds since the epoch.
/// </summary>
internal sealed record RetentionInput(
    IReadOnlyList<RetainedSegment> Segments, long LogStartOffset, long LogEndOffset, long CommittedEnd, LogConfig Config, long NowMs);

/// <summary>
/// What goes: how many leading segments lie below the log start, how many more are too much in size, how many more are too old,
/// and where the log starts afterwards.
/// </summary>
internal readonly record struct RetentionDecision(int BelowStart, int BySize, int ByTime, long LogStartOffset)
{
    /// <summary>The number of leading segments that go.</summary>
    public int Count => BelowStart + BySize + ByTime;
}

/// <summary>
/// Which leading segments of a log are no longer to be kept, by Kafka's rules: those wholly below the log start always; with
/// <c>cleanup.policy</c> holding <c>delete</c> also those without which the log is still at least <c>retention.bytes</c> large, and
/// those whose newest record is older than <c>retention.ms</c>. The first segment that stays keeps all behind it.
/// </summary>
internal static class RetentionPolicy
{
    /// <summary>Decides.</summary>
    /// <param name="log">The log.</param>
    /// <param name="newestMs">
    /// The time of a segment's newest record in milliseconds, asked for one segment after the other and no further than needed: it
    /// may have to be read.
    /// </param>
    public static RetentionDecision Decide(RetentionInput log, Func<int, long> newestMs)
    {
        IReadOnlyList<RetainedSegment> segments = log.Segments;
        int next = 0;
        while (next + 1 < segments.Count && segments[next + 1].BaseOffset <= log.LogStartOffset && MayGo(log, next)) next++;
        int belowStart = next;
        if (log.Config.Delete) next = PastTooLarge(log, next);
        int bySize = next - belowStart;
        if (log.Config.Delete && log.Config.RetentionMs >= 0)
        {
            // A newest record in the future makes a negative age: it stays until its time has come.
            while (next < segments.Count && MayGo(log, next) && log.NowMs - newestMs(next) > log.Config.RetentionMs) next++;
        }

        long firstKept = next == 0 ? log.LogStartOffset : EndOf(log, next - 1);
        return new RetentionDecision(belowStart, bySize, next - belowStart - bySize, Math.Max(log.LogStartOffset, firstKept));
    }

    private static int PastTooLarge(RetentionInput log, int next)
    {
        if (log.Config.RetentionBytes < 0) return next;
        long excess = -log.Config.RetentionBytes;
        for (int i = next; i < log.Segments.Count; i++) excess += log.Segments[i].Size;
        while (next < log.Segments.Count && excess >= log.Segments[next].Size && MayGo(log, next)) excess -= log.Segments[next++].Size;
        return next;
    }

    // What is not committed may yet be taken back, and a log start beyond it could not (KAFKA-5634). An empty active segment is what
    // a log without records consists of.
    private static bool MayGo(RetentionInput log, int index) =>
        EndOf(log, index) <= log.CommittedEnd && (index < log.Segments.Count - 1 || log.Segments[index].Size > 0);

    private static long EndOf(RetentionInput log, int index) =>
        index + 1 < log.Segments.Count ? log.Segments[index + 1].BaseOffset : log.LogEndOffset;
}
