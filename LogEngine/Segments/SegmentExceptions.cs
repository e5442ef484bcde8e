namespace KBroker.LogEngine.Segments;

/// <summary>The segment was closed between the snapshot of the list and its use: the caller looks again.</summary>
internal sealed class SegmentClosedException : Exception;

/// <summary>An index is missing or does not fit its log: the caller rebuilds it under the log's gate and tries again.</summary>
internal sealed class CorruptIndexException(LogSegment segment) : Exception
{
    public LogSegment Segment { get; } = segment;
}
