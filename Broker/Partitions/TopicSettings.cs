using KBroker.Broker.Configuration;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Partitions;

/// <summary>Works out what a topic's effective configuration means for its partitions.</summary>
public static class TopicSettings
{
    /// <summary>The settings of a topic's partitions.</summary>
    public static PartitionSettings From(TopicConfig topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return new PartitionSettings(
            LogConfigs.From(topic),
            topic.MinInsyncReplicas,
            new RecordValidationOptions
            {
                MaxMessageBytes = topic.MaxMessageBytes,
                TimestampType = topic.LogAppendTime ? TimestampType.LogAppendTime : TimestampType.CreateTime,
                TimestampBeforeMaxMs = topic.MessageTimestampBeforeMaxMs,
                TimestampAfterMaxMs = topic.MessageTimestampAfterMaxMs,
                RequireKeys = topic.Compact,
            },
            Codec(topic.CompressionType),
            new CompressionOptions
            {
                GzipLevel = topic.CompressionGzipLevel,
                Lz4Level = topic.CompressionLz4Level,
                ZstdLevel = topic.CompressionZstdLevel,
            });
    }

    private static CompressionType? Codec(string name) => name switch
    {
        "producer" => null,
        "gzip" => CompressionType.Gzip,
        "snappy" => CompressionType.Snappy,
        "lz4" => CompressionType.Lz4,
        "zstd" => CompressionType.Zstd,
        _ => CompressionType.None,
    };
}
