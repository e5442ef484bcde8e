using System.Buffers;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Segments;

/// <summary>The search of one batch for a record by its time; reads and, where it has to, decompresses the batch.</summary>
internal static class BatchTimestamps
{
    /// <summary>The first record with this timestamp or a later one, at or after <paramref name="startOffset"/>; null when there is none.</summary>
    /// <exception cref="StorageException">The batch is damaged or its codec is missing.</exception>
    public static TimestampOffset? FindFirst(
        ILogFile file, int position, in BatchHeader header, long timestamp, long startOffset, CompressionCodecs codecs)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(header.SizeInBytes);
        try
        {
            Span<byte> batch = buffer.AsSpan(0, header.SizeInBytes);
            if (file.Read(batch, position) != batch.Length) throw new StorageException("read", file.Path, $"the batch at {position} is cut off");
            using var reader = new RecordBatchReader(codecs, DecompressionLimits.Default);
            RecordLookup found = RecordLookup.FirstSince(reader, batch, timestamp, startOffset);
            if (found.ErrorCode != ErrorCode.None)
                throw new StorageException("read", file.Path, $"the batch at {position} cannot be read: {found.ErrorCode}");
            return found.IsFound ? new TimestampOffset(found.Timestamp, found.Offset, header.LeaderEpoch) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
