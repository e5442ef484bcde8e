using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine.Retention;

/// <summary>
/// Carries out what <see cref="RetentionPolicy"/> decides for one log, in two steps: first the log start rises, so that no reader
/// begins in what is to go, then the segments below it go. Between them the log directory writes the log start down. After a
/// crash at any point the log starts where it did before or where it was to start, or with a full disk at a segment between, and
/// segments left below are found by the next run.
/// </summary>
internal sealed partial class LogRetention(PartitionLog log, SegmentStore segments, LogEnvironment environment)
{
    // Renames of files under the gate hold up appends: a long list goes piece by piece.
    private const int SegmentsAtOnce = 64;

    /// <summary>
    /// Decides at <paramref name="nowMs"/> and raises the log start, or with remote storage the local one. False when nothing goes. Looks at the segments outside the
    /// gate, as it may have to read indexes.
    /// </summary>
    /// <exception cref="StorageException">The disk failed or the log is closed.</exception>
    public bool RaiseLogStart(long nowMs)
    {
        LogSegment[] seen = segments.Snapshot;
        LogConfig config = log.Config;
        var input = new RetentionInput(
            Array.ConvertAll(seen, segment => new RetainedSegment(segment.BaseOffset, segment.Size)),
            log.LocalLogStartOffset, log.LogEndOffset, log.CommittedEnd, config, nowMs);
        if (config.RemoteStorage)
        {
            // What a remote store does not hold stays here, unless it lies below the log start.
            input = input with
            {
                CommittedEnd = Math.Min(log.CommittedEnd, Math.Max(log.RemoteEndOffset, log.LogStartOffset)),
                Config = config with { RetentionMs = config.LocalRetentionMs, RetentionBytes = config.LocalRetentionBytes },
            };
        }

        RetentionDecision decision = RetentionPolicy.Decide(input, i => NewestMs(seen[i]));
        int count = decision.Count;
        long start = decision.LogStartOffset;
        lock (log.Gate)
        {
            log.ThrowIfNotOpen();
            // Appended to since: the active segment is not what was judged, those before it are.
            if (count == seen.Length && log.LogEndOffset != input.LogEndOffset) start = Math.Max(seen[--count].BaseOffset, input.LogStartOffset);
            // Compaction or a truncation came between: the next run decides anew.
            if (count == 0 || !StillLeads(seen, count) || start > log.CommittedEnd) return false;
            if (config.RemoteStorage) log.RaiseLocalLogStart(start);
            else log.RaiseLogStart(start);
            if (count == seen.Length) RollEmptied();
        }

        LogDecision(environment.Logger, log.Directory, count, start, decision.BelowStart, decision.BySize, decision.ByTime);
        return true;
    }

    /// <summary>
    /// Takes the segments wholly below <paramref name="offset"/>, or below the local log start if that is lower, out of the log; their
    /// files go after <c>file.delete.delay.ms</c>.
    /// </summary>
    /// <param name="offset">The local log start whose log start is on the disk.</param>
    /// <param name="inOrder">
    /// Whether the log start could not be written: then the first segment's name alone tells it, and each is gone from the disk before
    /// the next one goes, so that a loss of power brings back no segment without those behind it.
    /// </param>
    /// <exception cref="StorageException">The disk failed or the log is closed.</exception>
    public void RemoveBelow(long offset, bool inOrder)
    {
        bool more = true;
        while (more)
        {
            lock (log.Gate)
            {
                log.ThrowIfNotOpen();
                // A log that started over meanwhile has other segments.
                int below = CountBelow(Math.Min(offset, log.LocalLogStartOffset));
                int now = Math.Min(below, inOrder ? 1 : SegmentsAtOnce);
                if (now == 0) return;
                log.Guarded(() => segments.RemoveFirst(now, log.Config));
                more = below > now;
            }

            if (inOrder) log.Guarded(segments.FlushNames);
        }
    }

    /// <summary>How many leading segments hold nothing at <paramref name="offset"/> or later; never the active one.</summary>
    public int CountBelow(long offset)
    {
        int count = 0;
        ReadOnlySpan<LogSegment> all = segments.All;
        while (count + 1 < all.Length && all[count + 1].BaseOffset <= offset) count++;
        return count;
    }

    private bool StillLeads(LogSegment[] seen, int count)
    {
        LogSegment[] now = segments.Snapshot;
        // The end of the last one to go is the start of the one behind it, which has to be there still.
        int compared = Math.Min(count + 1, seen.Length);
        return now.Length >= compared && now.AsSpan(0, compared).SequenceEqual(seen.AsSpan(0, compared));
    }

    /// <summary>Where no record of a segment has a time, the file's own counts, as in Kafka. What is gone meanwhile is for no one to judge.</summary>
    private long NewestMs(LogSegment segment) => log.Reader.LargestTimestamp(segment) switch
    {
        null => long.MaxValue,
        < 0 => environment.FileSystem.LastModifiedMs(segment.File.Path),
        { } newest => newest,
    };

    /// <summary>
    /// The active segment can go only behind a new one. For which a full disk may have no room: then it stays for now, hidden
    /// below the log start, and the others go.
    /// </summary>
    private void RollEmptied()
    {
        try
        {
            log.Roll();
        }
        catch (StorageException e) when (e.MayPass)
        {
            LogCannotRoll(environment.Logger, log.Directory, e.Message);
        }
    }

    [LoggerMessage(2201, LogLevel.Information,
        "{Directory}: {Segments} segments go ({BelowStart} below the log start, {BySize} by retention.bytes, {ByTime} by retention.ms); the log starts at {LogStart}")]
    private static partial void LogDecision(
        ILogger logger, string directory, int segments, long logStart, int belowStart, int bySize, int byTime);

    [LoggerMessage(2202, LogLevel.Warning, "{Directory}: the active segment stays for now, as no other can be made: {Reason}")]
    private static partial void LogCannotRoll(ILogger logger, string directory, string reason);
}
