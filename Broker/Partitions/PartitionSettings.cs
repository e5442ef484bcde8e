using KBroker.LogEngine;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Partitions;

/// <summary>What a topic's configuration means for its partitions, worked out once per change.</summary>
/// <param name="Log">What the log obeys.</param>
/// <param name="MinInSyncReplicas"><c>min.insync.replicas</c>.</param>
/// <param name="Validation">What a produced batch must satisfy; the time and the version are the request's.</param>
/// <param name="Compression">The codec batches are stored with, or null to keep the producer's (<c>compression.type</c>).</param>
/// <param name="CompressionLevels">The levels for <paramref name="Compression"/>.</param>
public sealed record PartitionSettings(
    LogConfig Log,
    int MinInSyncReplicas,
    RecordValidationOptions Validation,
    CompressionType? Compression,
    CompressionOptions CompressionLevels);
