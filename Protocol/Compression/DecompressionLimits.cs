namespace KBroker.Protocol.Compression;

/// <summary>
/// How much may come out of a compressed batch. A batch's size limit counts compressed bytes only, so a small request could
/// otherwise keep a processor busy for minutes.
/// </summary>
/// <param name="MaxBytes">The most that may come out, whatever went in.</param>
/// <param name="MaxRatio">The most bytes out for each byte in.</param>
/// <param name="RatioFloor">Up to this many bytes the ratio does not count: small batches of repeated text reach high ones.</param>
public readonly record struct DecompressionLimits(int MaxBytes, int MaxRatio, int RatioFloor)
{
    /// <summary>256 MB, 1,024 times the input, 16 MB.</summary>
    public static DecompressionLimits Default { get; } = new(256 << 20, 1024, 16 << 20);

    /// <summary>The most bytes that may come out of an input of the given size.</summary>
    public int For(int compressedBytes) =>
        (int)Math.Min(MaxBytes, Math.Max(RatioFloor, (long)compressedBytes * MaxRatio));
}
