using System.Buffers;
using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>
/// Rewrites a batch of magic 2 with another compression, as a topic's <c>compression.type</c> may ask. The records stay as they
/// are, byte for byte, and so does everything in the header but attributes, length and CRC. Safe for concurrent use.
/// </summary>
public sealed class RecordBatchConverter(CompressionCodecs codecs)
{
    /// <summary>Writes the batch anew; returns its size and whether it could be read.</summary>
    /// <param name="batch">A whole batch that has been validated.</param>
    /// <param name="compressionType">The compression that it shall have.</param>
    /// <param name="limits">How far the batch may expand.</param>
    /// <param name="destination">Takes the new batch, if there is no error.</param>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.InvalidRecord"/> if the records cannot be decompressed,
    /// <see cref="ErrorCode.MessageTooLarge"/> above the limit, <see cref="ErrorCode.UnsupportedCompressionType"/> if there is no
    /// codec. The new size may exceed the topic's limit: check it again.
    /// </returns>
    public ErrorCode Convert(
        ReadOnlySpan<byte> batch, CompressionType compressionType, DecompressionLimits limits, IBufferWriter<byte> destination)
    {
        var header = new RecordBatchHeader(batch);
        try
        {
            if (header.CompressionType == CompressionType.None || header.RecordCount == 0)
                return Compress(header, header.Records, compressionType, destination);
            if (codecs.Find(header.CompressionType) is null) return ErrorCode.UnsupportedCompressionType;

            using var records = new PooledBufferWriter(header.Records.Length * 2);
            int limit = limits.For(header.Records.Length);
            return codecs.Decompress(header.CompressionType, header.Records, limit, records) switch
            {
                DecompressionStatus.Done => Compress(header, records.WrittenSpan, compressionType, destination),
                DecompressionStatus.LimitExceeded => ErrorCode.MessageTooLarge,
                _ => ErrorCode.InvalidRecord,
            };
        }
        catch (NativeLibraryMissingException)
        {
            return ErrorCode.UnsupportedCompressionType;
        }
    }

    private ErrorCode Compress(
        RecordBatchHeader header, ReadOnlySpan<byte> records, CompressionType type, IBufferWriter<byte> destination)
    {
        if (type == CompressionType.None || header.RecordCount == 0)
        {
            Write(header, records, type, destination);
            return ErrorCode.None;
        }

        if (codecs.Find(type) is not { } codec) return ErrorCode.UnsupportedCompressionType;
        using var compressed = new PooledBufferWriter((records.Length / 2) + 64);
        codec.Compress(records, compressed);
        Write(header, compressed.WrittenSpan, type, destination);
        return ErrorCode.None;
    }

    private static void Write(RecordBatchHeader header, ReadOnlySpan<byte> records, CompressionType type, IBufferWriter<byte> destination)
    {
        int size = checked(RecordBatchFormat.RecordsOffset + records.Length);
        Span<byte> batch = destination.GetSpan(size)[..size];
        header.Batch[..RecordBatchFormat.RecordsOffset].CopyTo(batch);
        records.CopyTo(batch[RecordBatchFormat.RecordsOffset..]);
        RecordBatchStamp.SetCompression(batch, type);
        destination.Advance(size);
    }
}
