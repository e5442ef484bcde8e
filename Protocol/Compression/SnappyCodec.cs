using System.Buffers;
using System.Buffers.Binary;
using KBroker.Protocol.Compression.Native;

namespace KBroker.Protocol.Compression;

/// <summary>Snappy through libsnappy. Writes the framing of the Java library xerial, as Kafka does; reads that and raw blocks.</summary>
internal sealed class SnappyCodec : ICompressionCodec
{
    private const int BlockSize = 32 * 1024;

    public CompressionType Type => CompressionType.Snappy;

    public unsafe void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
    {
        destination.Write(XerialFraming.Header);
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> block = source[..Math.Min(source.Length, BlockSize)];
            source = source[block.Length..];
            int bound = checked((int)SnappyNative.MaxCompressedLength((nuint)block.Length));
            Span<byte> output = destination.GetSpan(sizeof(int) + bound);
            nuint written = (nuint)bound;
            fixed (byte* from = block, to = output[sizeof(int)..])
            {
                if (SnappyNative.Compress(from, (nuint)block.Length, to, ref written) != 0)
                    throw new InvalidOperationException("libsnappy failed to compress");
            }

            BinaryPrimitives.WriteInt32BigEndian(output, (int)written);
            destination.Advance(sizeof(int) + (int)written);
        }
    }

    public Decompressor RentDecompressor(int outputLimit)
    {
        // An import that cannot be resolved shows here, before any input has been looked at.
        _ = SnappyNative.MaxCompressedLength(0);
        return new SnappyDecompressor(outputLimit);
    }
}
