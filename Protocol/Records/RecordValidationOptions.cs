using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>What a topic and a request allow of the records that a producer sends.</summary>
public readonly record struct RecordValidationOptions
{
    /// <summary>Options that allow every timestamp and any size, at the newest version of Produce.</summary>
    public RecordValidationOptions()
    {
    }

    /// <summary>The version of the Produce request; below 7 it may not carry zstd (KIP-110).</summary>
    public short ProduceVersion { get; init; } = short.MaxValue;

    /// <summary>The topic's <c>max.message.bytes</c>: the largest batch, header and all, as it comes.</summary>
    public int MaxMessageBytes { get; init; } = int.MaxValue;

    /// <summary>The topic's <c>message.timestamp.type</c>.</summary>
    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary>The topic's <c>message.timestamp.before.max.ms</c> (KIP-937), not negative.</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary>The topic's <c>message.timestamp.after.max.ms</c> (KIP-937), not negative.</summary>
    public long TimestampAfterMaxMs { get; init; } = long.MaxValue;

    /// <summary>The time, in milliseconds since the epoch, that timestamps are compared with.</summary>
    public long NowMs { get; init; }

    /// <summary>Whether every record needs a key: <c>cleanup.policy</c> contains <c>compact</c>.</summary>
    public bool RequireKeys { get; init; }

    /// <summary>How far a compressed batch may expand.</summary>
    public DecompressionLimits DecompressionLimits { get; init; } = DecompressionLimits.Default;
}
