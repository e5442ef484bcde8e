namespace KBroker.Protocol.Compression;

/// <summary>
/// The framing of the Java library snappy-java: a header, then blocks of raw Snappy, each after its length as int32. Streams that
/// are joined repeat the header where a length would stand.
/// </summary>
internal static class XerialFraming
{
    /// <summary>Magic (0x82 SNAPPY 0), version 1 and oldest compatible version 1.</summary>
    public static ReadOnlySpan<byte> Header =>
    [
        0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0,
        0, 0, 0, 1,
        0, 0, 0, 1,
    ];

    /// <summary>The part of the header that tells the framing from a raw block.</summary>
    public static ReadOnlySpan<byte> Magic => Header[..8];
}
