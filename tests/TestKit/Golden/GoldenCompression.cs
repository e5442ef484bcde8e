using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace KBroker.TestKit.Golden;

/// <summary>A codec, under its number in the attributes.</summary>
internal enum GoldenCodec
{
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
}

/// <summary>
/// The framings that Kafka's producers put around compressed records. The blocks inside are valid and hold literals only: how well they
/// compress is of no interest.
/// </summary>
internal static class GoldenCompression
{
    private const int BlockSize = 32 * 1024;

    public static byte[] Compress(GoldenCodec codec, byte[] bytes, byte magic) => codec switch
    {
        GoldenCodec.Gzip => Gzip(bytes),
        GoldenCodec.Snappy => Snappy(bytes),
        GoldenCodec.Lz4 => Lz4(bytes, checksumCoversMagic: magic == 0),
        _ => bytes,
    };

    private static byte[] Gzip(byte[] bytes)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(bytes);
        return compressed.ToArray();
    }

    /// <summary>snappy-java's stream: a header, then blocks of raw Snappy, each after its length.</summary>
    private static byte[] Snappy(byte[] bytes)
    {
        var stream = new List<byte>();
        stream.AddRange([0x82, .. Encoding.ASCII.GetBytes("SNAPPY"), 0, .. GoldenBytes.Int(1), .. GoldenBytes.Int(1)]);
        foreach (byte[] chunk in bytes.Chunk(BlockSize))
        {
            var block = new List<byte>();
            uint length = (uint)chunk.Length;
            for (; length >= 0x80; length >>= 7) block.Add((byte)(length | 0x80));
            block.Add((byte)length);
            // One literal: tag 61 has its length minus one in two bytes.
            block.AddRange([61 << 2, (byte)(chunk.Length - 1), (byte)((chunk.Length - 1) >> 8), .. chunk]);
            stream.AddRange([.. GoldenBytes.Int(block.Count), .. block]);
        }

        return [.. stream];
    }

    /// <summary>
    /// An LZ4 frame. Producers before magic 1 let the checksum of the frame's header cover its magic number too (KAFKA-3160).
    /// </summary>
    private static byte[] Lz4(byte[] bytes, bool checksumCoversMagic)
    {
        byte[] magic = [0x04, 0x22, 0x4D, 0x18];
        byte[] descriptor = [0x60, 0x40];
        uint hash = GoldenBytes.XxHash32(checksumCoversMagic ? [.. magic, .. descriptor] : descriptor);
        var frame = new List<byte>();
        frame.AddRange([.. magic, .. descriptor, (byte)(hash >> 8)]);
        foreach (byte[] chunk in bytes.Chunk(BlockSize))
        {
            // One sequence of literals: 15 in the token, the rest in bytes of 255 and one less.
            var block = new List<byte>();
            int left = chunk.Length - 15;
            block.Add((byte)(Math.Min(chunk.Length, 15) << 4));
            for (; left >= 255; left -= 255) block.Add(255);
            if (chunk.Length >= 15) block.Add((byte)left);
            block.AddRange(chunk);
            frame.AddRange([.. LittleEndian(block.Count), .. block]);
        }

        frame.AddRange(LittleEndian(0));
        return [.. frame];
    }

    private static byte[] LittleEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
