namespace KBroker.Protocol.Compression;

/// <summary>The levels at which batches are compressed, by Kafka's configuration names (KIP-390).</summary>
public sealed record CompressionOptions
{
    /// <summary>The value of <c>compression.lz4.level</c> that stands for the fast compressor.</summary>
    public const int DefaultLz4Level = 9;

    /// <summary><c>compression.gzip.level</c>: 1 to 9, or -1 for the library's default.</summary>
    public int GzipLevel { get; init; } = -1;

    /// <summary><c>compression.lz4.level</c>: 1 to 17, where 9 is the fast compressor and liblz4 takes 12 for anything above.</summary>
    public int Lz4Level { get; init; } = DefaultLz4Level;

    /// <summary><c>compression.zstd.level</c>: -131072 to 22.</summary>
    public int ZstdLevel { get; init; } = 3;
}
