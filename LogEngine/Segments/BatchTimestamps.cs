using System.Buffers;
using System.Buffers.Binary;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// The search of one batch for a record by its time. Of a batch that is not compressed only the front of each record is looked at,
/// up to the one that is sought; another is read and decompressed as a whole.
/// </summary>
internal static class BatchTimestamps
{
    /// <summary>Length, attributes, timestamp delta and offset delta of a record.</summary>
    private const int RecordFront = VarInt.MaxBytes32 + 1 + VarInt.MaxBytes64 + VarInt.MaxBytes32;

    /// <summary>
    /// The first record of the scanner's batch with this timestamp or a later one, at or after <paramref name="startOffset"/>; null
    /// when there is none. The scanner stays at its batch.
    /// </summary>
    /// <exception cref="StorageException">The batch is damaged or its codec is missing.</exception>
    public static TimestampOffset? FindFirst(
        ILogFile file, scoped ref BatchScanner scanner, long timestamp, long startOffset, CompressionCodecs codecs)
    {
        BatchHeader header = scanner.Header;
        bool isPlain = header.Magic == RecordBatchFormat.CurrentMagic
            && new RecordBatchAttributes(header.Attributes).CompressionType == CompressionType.None;
        if (isPlain && TryWalk(ref scanner, timestamp, startOffset, out TimestampOffset? found)) return found;
        return FindInWhole(
            file, scanner.Position, header, codecs, (timestamp, startOffset),
            static (reader, batch, sought) => RecordLookup.FirstSince(reader, batch, sought.timestamp, sought.startOffset));
    }

    /// <summary>
    /// The first record with the largest timestamp of those in the scanner's batch from <paramref name="startOffset"/> on; null when
    /// there is none with a timestamp. The whole batch is read.
    /// </summary>
    /// <exception cref="StorageException">The batch is damaged or its codec is missing.</exception>
    public static TimestampOffset? FindLargest(ILogFile file, in BatchScanner scanner, long startOffset, CompressionCodecs codecs) => FindInWhole(
        file, scanner.Position, scanner.Header, codecs, startOffset, static (reader, batch, start) => RecordLookup.Latest(reader, batch, start));

    /// <summary>False when the records do not fit the batch: what is wrong with it shows when it is read as a whole.</summary>
    private static bool TryWalk(scoped ref BatchScanner scanner, long timestamp, long startOffset, out TimestampOffset? found)
    {
        BatchHeader header = scanner.Header;
        ReadOnlySpan<byte> front = scanner.Peek(scanner.Position, RecordBatchFormat.RecordsOffset);
        found = null;
        if (front.Length < RecordBatchFormat.RecordsOffset) return false;
        bool appendTime = new RecordBatchAttributes(header.Attributes).TimestampType == TimestampType.LogAppendTime;
        long baseTimestamp = BinaryPrimitives.ReadInt64BigEndian(front[RecordBatchFormat.BaseTimestampOffset..]);
        int left = BinaryPrimitives.ReadInt32BigEndian(front[RecordBatchFormat.RecordCountOffset..]);
        int position = scanner.Position + RecordBatchFormat.RecordsOffset;
        int end = scanner.Position + header.SizeInBytes;
        for (; left > 0; left--)
        {
            ReadOnlySpan<byte> record = scanner.Peek(position, RecordFront);
            record = record[..Math.Min(record.Length, end - position)];
            int at = VarInt.Read(record, out int length);
            if (at == 0 || length < 0 || length > end - position - at) return false;
            int next = position + at + length;
            // The attributes take a byte that nothing reads.
            if (++at > record.Length) return false;
            int size = VarInt.ReadLong(record[at..], out long timestampDelta);
            if (size == 0) return false;
            at += size;
            size = VarInt.Read(record[at..], out int offsetDelta);
            if (size == 0 || position + at + size > next) return false;
            long time = appendTime ? header.MaxTimestamp : baseTimestamp + timestampDelta;
            long offset = header.BaseOffset + offsetDelta;
            if (time >= timestamp && offset >= startOffset)
            {
                found = new TimestampOffset(time, offset, header.LeaderEpoch);
                return true;
            }

            position = next;
        }

        return position == end;
    }

    private static TimestampOffset? FindInWhole<TSought>(
        ILogFile file, int position, in BatchHeader header, CompressionCodecs codecs, TSought sought,
        Func<RecordBatchReader, ReadOnlySpan<byte>, TSought, RecordLookup> find)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(header.SizeInBytes);
        try
        {
            Span<byte> batch = buffer.AsSpan(0, header.SizeInBytes);
            if (file.Read(batch, position) != batch.Length) throw new StorageException("read", file.Path, $"the batch at {position} is cut off");
            using var reader = new RecordBatchReader(codecs, DecompressionLimits.Default);
            RecordLookup found = find(reader, batch, sought);
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
