using System.Buffers;
using KBroker.Protocol.Compression.Native;

namespace KBroker.Protocol.Compression;

/// <summary>LZ4 frames through liblz4.</summary>
internal sealed class Lz4Codec(int level, int poolCapacity) : ICompressionCodec, IDisposable
{
    private const int BlocksOf64K = 4;
    private const int IndependentBlocks = 1;

    private readonly ObjectPool<Lz4DecompressionHandle> _decompressors = new(poolCapacity);

    private readonly Lz4Preferences _preferences = new()
    {
        BlockSizeId = BlocksOf64K,
        BlockMode = IndependentBlocks,
        CompressionLevel = level == CompressionOptions.DefaultLz4Level ? 0 : level,
    };

    public CompressionType Type => CompressionType.Lz4;

    public unsafe void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
    {
        nuint bound = Lz4Native.CompressFrameBound((nuint)source.Length, in _preferences);
        Span<byte> output = destination.GetSpan(checked((int)bound));
        fixed (byte* from = source, to = output)
        {
            nuint written = Lz4Native.CompressFrame(to, (nuint)output.Length, from, (nuint)source.Length, in _preferences);
            if (Lz4Native.IsError(written) != 0) throw new InvalidOperationException("liblz4 failed to compress");
            destination.Advance((int)written);
        }
    }

    public Decompressor RentDecompressor(int outputLimit) =>
        new Lz4Decompressor(_decompressors.TryRent() ?? new Lz4DecompressionHandle(), _decompressors);

    public void Dispose() => _decompressors.Dispose();
}
