using System.Buffers;
using System.IO.Compression;

namespace KBroker.Protocol.Compression;

/// <summary>gzip through the base library.</summary>
internal sealed class GzipCodec(int level) : ICompressionCodec
{
    private readonly ZLibCompressionOptions _options = new() { CompressionLevel = level < 0 ? 6 : level };

    public CompressionType Type => CompressionType.Gzip;

    /// <summary>A member that holds nothing: the base library writes no bytes at all for no input.</summary>
    private static ReadOnlySpan<byte> EmptyMember =>
        [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
    {
        if (source.IsEmpty)
        {
            destination.Write(EmptyMember);
            return;
        }

        using var output = new BufferWriterStream(destination);
        using var stream = new GZipStream(output, _options, leaveOpen: true);
        stream.Write(source);
    }

    public Decompressor RentDecompressor(int outputLimit) => new GzipDecompressor();
}
