namespace KBroker.Protocol.Compression;

/// <summary>How a batch's records are compressed: the low three bits of its attributes. Ids 5 to 7 are not assigned.</summary>
public enum CompressionType : byte
{
    /// <summary>Not compressed.</summary>
    None = 0,

    /// <summary>gzip (RFC 1952).</summary>
    Gzip = 1,

    /// <summary>Snappy: raw, or in the framing of the Java library xerial.</summary>
    Snappy = 2,

    /// <summary>An LZ4 frame.</summary>
    Lz4 = 3,

    /// <summary>Zstandard (KIP-110): batches of magic 2 only.</summary>
    Zstd = 4,
}
