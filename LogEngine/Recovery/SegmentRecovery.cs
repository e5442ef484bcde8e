using System.Buffers;
using System.Buffers.Binary;
using KBroker.LogEngine.Epochs;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Recovery;

/// <summary>
/// Reads a segment from its start, checks every batch (size, CRC, offsets that rise), makes the indexes anew, and finds where the
/// valid batches end. Memory is one buffer, whatever sizes the file claims: a batch is summed piece by piece.
/// </summary>
internal static class SegmentRecovery
{
    private const int BufferSize = 256 * 1024;

    /// <summary>
    /// The number of bytes that were cut off behind the last valid batch, or behind the last one below <paramref name="next"/> unless
    /// what follows is of a later epoch. <paramref name="producers"/>, as they were at the segment's start, are brought to its end,
    /// and its transaction index with them.
    /// </summary>
    public static long Run(LogSegment segment, LeaderEpochCache epochs, ProducerReplay producers, int indexIntervalBytes, EpochEntry next)
    {
        segment.ResetIndexes();
        segment.Transactions.Reset();
        ILogFile file = segment.Acquire();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            long length = file.Length;
            int position = 0;
            long end = segment.BaseOffset;
            var window = new FileWindow(file, buffer, length);
            while (TryReadBatch(ref window, position, out BatchHeader header) && header.BaseOffset >= end && segment.CanHold(header.LastOffset))
            {
                if (header.LastOffset >= next.StartOffset && header.LeaderEpoch <= next.Epoch) break;
                segment.NoteBatch(header, position, indexIntervalBytes);
                // The file may tell of batches that were cut off since: what is read here is right, also when its epoch is lower.
                if (header.LeaderEpoch >= 0 && epochs.EpochAt(header.BaseOffset) != header.LeaderEpoch)
                    epochs.Assign(header.LeaderEpoch, header.BaseOffset);
                producers.Add(header, header.IsControl ? WholeBatch(ref window, position, header) : default, segment.Transactions);
                position += header.SizeInBytes;
                end = header.NextOffset;
            }

            segment.SetEnd(end, position);
            // Also gives back space that was held ahead of the end.
            file.SetLength(position);
            // What was cut must not come back behind batches that are appended now.
            if (position < length) file.Flush();
            return length - position;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            segment.File.Release();
        }
    }

    private static ReadOnlySpan<byte> WholeBatch(ref FileWindow window, int position, in BatchHeader header)
    {
        ReadOnlySpan<byte> bytes = window.Peek(position, Math.Min(header.SizeInBytes, EndTransactionMarker.MaxBatchSize));
        return bytes[..Math.Min(bytes.Length, header.SizeInBytes)];
    }

    private static bool TryReadBatch(ref FileWindow window, int position, out BatchHeader header)
    {
        ReadOnlySpan<byte> head = window.Peek(position, BatchHeader.MaxHeaderSize);
        if (!BatchHeader.TryParse(head, out header) || header.SizeInBytes > window.FileLength - position) return false;
        // Segments stay within 31 bits.
        if (header.SizeInBytes > int.MaxValue - position) return false;
        if (header.Magic != RecordBatchFormat.CurrentMagic) return LegacyCrc.Matches(ref window, position, header);
        uint stored = BinaryPrimitives.ReadUInt32BigEndian(head[RecordBatchFormat.CrcOffset..]);
        uint crc = 0;
        int at = position + RecordBatchFormat.AttributesOffset;
        int end = position + header.SizeInBytes;
        while (at < end)
        {
            ReadOnlySpan<byte> piece = window.Peek(at, 1);
            if (piece.IsEmpty) return false;
            piece = piece[..Math.Min(piece.Length, end - at)];
            crc = Crc32C.Append(crc, piece);
            at += piece.Length;
        }

        return crc == stored;
    }
}
