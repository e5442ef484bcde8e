using System.Buffers;

namespace KBroker.Protocol.Compression;

/// <summary>One compression of records. Safe for concurrent use.</summary>
public interface ICompressionCodec
{
    /// <summary>What it is called in a batch's attributes.</summary>
    CompressionType Type { get; }

    /// <summary>Writes <paramref name="source"/> compressed.</summary>
    /// <exception cref="NativeLibraryMissingException">The codec's library is not installed.</exception>
    void Compress(ReadOnlySpan<byte> source, IBufferWriter<byte> destination);

    /// <summary>
    /// A decompressor for one input, from the codec's pool; disposing gives it back.
    /// </summary>
    /// <param name="outputLimit">The most bytes that any single allocation for the output may have.</param>
    /// <exception cref="NativeLibraryMissingException">The codec's library is not installed.</exception>
    Decompressor RentDecompressor(int outputLimit);
}
