using KBroker.LogEngine;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Configuration;

/// <summary>Gives the log engine the settings of a topic that concern it.</summary>
public static class LogConfigs
{
    /// <summary>
    /// The log's part of a topic's effective settings. There is no remote store: a topic that asks for one, as taken-over data may,
    /// keeps its records here by its ordinary retention.
    /// </summary>
    /// <param name="topic">The topic's settings.</param>
    /// <returns>The log's settings.</returns>
    public static LogConfig From(TopicConfig topic) => new()
    {
        SegmentBytes = topic.SegmentBytes,
        SegmentMs = topic.SegmentMs,
        SegmentJitterMs = topic.SegmentJitterMs,
        SegmentIndexBytes = topic.SegmentIndexBytes,
        IndexIntervalBytes = topic.IndexIntervalBytes,
        FlushEachAppend = topic.FlushBeforeAck,
        FlushMessages = topic.FlushMessages,
        FlushMs = topic.FlushMs,
        MaxMessageBytes = topic.MaxMessageBytes,
        Preallocate = topic.Preallocate,
        MessageTimestampType = topic.LogAppendTime ? TimestampType.LogAppendTime : TimestampType.CreateTime,
        RetentionMs = topic.RetentionMs,
        RetentionBytes = topic.RetentionBytes < 0 ? -1 : topic.RetentionBytes,
        Delete = topic.Delete,
        Compact = topic.Compact,
        MinCleanableDirtyRatio = topic.MinCleanableDirtyRatio,
        MinCompactionLagMs = topic.MinCompactionLagMs,
        MaxCompactionLagMs = topic.MaxCompactionLagMs,
        DeleteRetentionMs = topic.DeleteRetentionMs,
        FileDeleteDelayMs = topic.FileDeleteDelayMs,
    };
}
