using System.Buffers;
using KBroker.Protocol.Compression.Native;

namespace KBroker.Protocol.Compression;

/// <summary>Zstandard through libzstd.</summary>
internal sealed class ZstdCodec(int level, int poolCapacity) : ICompressionCodec, IDisposable
{
    private readonly ObjectPool<ZstdCompressionHandle> _compressors = new(poolCapacity);
    private readonly ObjectPool<ZstdDecompressionHandle> _decompressors = new(poolCapacity);

    public CompressionType Type => CompressionType.Zstd;

    public unsafe void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
    {
        ZstdCompressionHandle context = _compressors.TryRent() ?? NewCompressor();
        try
        {
            Span<byte> output = destination.GetSpan(checked((int)ZstdNative.CompressBound((nuint)source.Length)));
            fixed (byte* from = source, to = output)
            {
                nuint written = ZstdNative.Compress(context, to, (nuint)output.Length, from, (nuint)source.Length);
                if (ZstdNative.IsError(written) != 0)
                    throw new InvalidOperationException($"libzstd failed to compress: error {ZstdNative.GetErrorCode(written)}");
                destination.Advance((int)written);
            }
        }
        finally
        {
            _compressors.Return(context);
        }
    }

    public Decompressor RentDecompressor(int outputLimit)
    {
        ZstdDecompressionHandle context = _decompressors.TryRent() ?? NewDecompressor();
        return new ZstdDecompressor(context, _decompressors);
    }

    public void Dispose()
    {
        _compressors.Dispose();
        _decompressors.Dispose();
    }

    private ZstdCompressionHandle NewCompressor()
    {
        var context = new ZstdCompressionHandle();
        ZstdNative.SetParameter(context, ZstdNative.CompressionLevel, level);
        return context;
    }

    private static ZstdDecompressionHandle NewDecompressor()
    {
        var context = new ZstdDecompressionHandle();
        ZstdNative.SetParameter(context, ZstdNative.WindowLogMax, ZstdDecompressor.MaxWindowLog);
        return context;
    }
}
