using KBroker.Protocol.Compression;

namespace KBroker.LogEngine.Compaction;

/// <summary>What a cleaning went through and what it left. Sizes are bytes.</summary>
internal sealed class CleaningCounts
{
    public long BatchesRead { get; set; }

    public long BatchesCopied { get; set; }

    public long BatchesRewritten { get; set; }

    public long RecordsRead { get; set; }

    public long RecordsKept { get; set; }

    public long RecordsWithoutKey { get; set; }

    public long BytesRead { get; set; }

    public long BytesWritten { get; set; }

    public long KeysMapped { get; set; }

    public long MapBytes { get; set; }
}

/// <summary>Bounds of what a cleaning takes to read one batch.</summary>
internal static class CleaningLimits
{
    /// <summary>
    /// What has got into a log has to be readable again, so no ratio counts; a batch that takes more than 256 MB makes its log
    /// uncleanable.
    /// </summary>
    public static readonly DecompressionLimits Decompression = new(256 << 20, int.MaxValue, 256 << 20);
}
