using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>The search of one batch for a record by its time.</summary>
internal static class BatchTimestamps
{
    public static TimestampOffset? FindFirst(ILogFile file, int position, in BatchHeader header, long timestamp, long startOffset) =>
        new TimestampOffset(header.MaxTimestamp, Math.Max(header.BaseOffset, startOffset), header.LeaderEpoch);
}
