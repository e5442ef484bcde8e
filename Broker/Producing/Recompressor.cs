using System.Collections.Concurrent;
using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Producing;

/// <summary>
/// Stores batches with the compression a topic asks for (<c>compression.type</c>) when the producer used another. There is one
/// set of codecs for each combination of levels in use.
/// </summary>
public sealed class Recompressor : IDisposable
{
    private readonly ConcurrentDictionary<CompressionOptions, CompressionCodecs> _codecs = new();

    /// <summary>Writes the batch anew into <paramref name="destination"/>; see <see cref="RecordBatchConverter.Convert"/>.</summary>
    public ErrorCode Convert(ReadOnlySpan<byte> batch, CompressionType type, PartitionSettings settings, PooledBufferWriter destination)
    {
        ArgumentNullException.ThrowIfNull(settings);
        CompressionCodecs codecs = _codecs.GetOrAdd(settings.CompressionLevels, static levels => new CompressionCodecs(levels));
        return new RecordBatchConverter(codecs).Convert(batch, type, settings.Validation.DecompressionLimits, destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (CompressionCodecs codecs in _codecs.Values) codecs.Dispose();
    }
}
