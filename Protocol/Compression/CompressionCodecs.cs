namespace KBroker.Protocol.Compression;

/// <summary>
/// The compressions at hand, with the pools of what they need. One for the whole process; safe for concurrent use. The libraries
/// are loaded when first needed.
/// </summary>
public sealed class CompressionCodecs : IDisposable
{
    private readonly ICompressionCodec?[] _codecs = new ICompressionCodec?[(int)CompressionType.Zstd + 1];

    /// <summary>gzip, Snappy, LZ4 and Zstandard.</summary>
    public CompressionCodecs(CompressionOptions? options = null)
        : this(Standard(options ?? new CompressionOptions()))
    {
    }

    /// <summary>The given codecs, each standing for its type.</summary>
    public CompressionCodecs(IEnumerable<ICompressionCodec> codecs)
    {
        foreach (ICompressionCodec codec in codecs) _codecs[(int)codec.Type] = codec;
    }

    /// <summary>The codec of a type.</summary>
    /// <exception cref="NotSupportedException">
    /// <see cref="CompressionType.None"/>, or an id that nobody assigned.
    /// </exception>
    public ICompressionCodec For(CompressionType type) =>
        Find(type) ?? throw new NotSupportedException($"There is no codec for compression type {(int)type}");

    /// <summary>The codec of a type, or null where there is none.</summary>
    public ICompressionCodec? Find(CompressionType type) => (int)type < _codecs.Length ? _codecs[(int)type] : null;

    /// <summary>Decompresses all of an input.</summary>
    /// <param name="type">Any compression but none.</param>
    /// <param name="source">The input.</param>
    /// <param name="maxOutput">The most bytes that may come out.</param>
    /// <param name="destination">Takes the output; after a failure it holds some of it, to be thrown away.</param>
    /// <returns><see cref="DecompressionStatus.Done"/>, or why not.</returns>
    /// <exception cref="NativeLibraryMissingException">The codec's library is not installed.</exception>
    public DecompressionStatus Decompress(
        CompressionType type, ReadOnlySpan<byte> source, int maxOutput, PooledBufferWriter destination)
    {
        using Decompressor decompressor = For(type).RentDecompressor(maxOutput);
        var reader = new BoundedDecompression(decompressor, source, maxOutput);
        DecompressionStatus status;
        do
        {
            // The output is not known in advance, and what the input says of it is not to be trusted: grow as it comes.
            int hint = Math.Clamp(source.Length, BoundedDecompression.MinStep, BoundedDecompression.MaxStep);
            status = reader.Read(destination.GetSpan(hint), out int written);
            destination.Advance(written);
        }
        while (status == DecompressionStatus.More);

        return status;
    }

    /// <summary>Frees the pooled contexts.</summary>
    public void Dispose()
    {
        foreach (ICompressionCodec? codec in _codecs) (codec as IDisposable)?.Dispose();
    }

    private static ICompressionCodec[] Standard(CompressionOptions options)
    {
        int pooled = Math.Max(2, Environment.ProcessorCount);
        return
        [
            new GzipCodec(options.GzipLevel),
            new SnappyCodec(),
            new Lz4Codec(options.Lz4Level, pooled),
            new ZstdCodec(options.ZstdLevel, pooled),
        ];
    }
}
