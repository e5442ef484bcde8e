using System.Buffers;
using System.IO.Compression;

namespace KBroker.Protocol.Compression;

/// <summary>gzip through the base library.</summary>
internal sealed class GzipCodec(int level) : ICompressionCodec
{
    private readonly ZLibCompressionOptions _options = new() { CompressionLevel = level < 0 ? 6 : level };

    public CompressionType Type => CompressionType.Gzip;

    public void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
    {
        using var output = new BufferWriterStream(destination);
        using var stream = new GZipStream(output, _options, leaveOpen: true);
        stream.Write(source);
    }

    public Decompressor RentDecompressor(int outputLimit) => new GzipDecompressor();
}
