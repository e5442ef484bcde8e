using System.Buffers;
using System.Buffers.Binary;
using KBroker.LogEngine;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Coordinators;

/// <summary>Replays a partition's log into a machine, from its start to its end as of now.</summary>
/// <param name="codecs">The compressions that records may have.</param>
/// <param name="logger">Hears of records that cannot be understood.</param>
internal sealed partial class CoordinatorLoader(CompressionCodecs codecs, ILogger logger)
{
    private const int ReadSize = 4 * 1024 * 1024;
    private const short AbortMarker = 0;
    private const short CommitMarker = 1;

    /// <summary>Loads. A record that cannot be understood is told to the log and left out: it does not take the others with it.</summary>
    /// <returns>The number of records.</returns>
    /// <exception cref="StorageException">The disk failed, or the log is closed.</exception>
    public long Load(PartitionLog log, ICoordinatorMachine machine)
    {
        using var reader = new RecordBatchReader(codecs);
        long count = 0;
        long offset = log.LogStartOffset;
        long end = log.LogEndOffset;
        while (offset < end)
        {
            LogReadResult read = log.Read(offset, ReadSize, minOneMessage: true, end);
            if (read.Status == LogReadStatus.OffsetOutOfRange)
            {
                // Compaction and deletion go on meanwhile.
                if (log.LogStartOffset <= offset) throw new StorageException("load", log.Directory, $"offset {offset} cannot be read");
                offset = log.LogStartOffset;
                continue;
            }

            if (read.Slice is null) return count;
            byte[] buffer = ArrayPool<byte>.Shared.Rent(read.Slice.Length);
            try
            {
                int length = read.Slice.Length;
                using (read.Slice) read.Slice.CopyTo(buffer);
                long next = Replay(log, machine, reader, buffer.AsSpan(0, length), offset, ref count);
                if (next <= offset) throw new StorageException("load", log.Directory, $"the batch at offset {offset} is damaged");
                offset = next;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        return count;
    }

    private long Replay(
        PartitionLog log, ICoordinatorMachine machine, RecordBatchReader reader, ReadOnlySpan<byte> batches, long from, ref long count)
    {
        long next = from;
        var enumerator = new RecordBatchEnumerator(batches);
        while (enumerator.MoveNext())
        {
            ReadOnlySpan<byte> bytes = enumerator.CurrentBytes;
            bool isCurrent = enumerator.Current.Magic == RecordBatchFormat.CurrentMagic;
            long producerId = isCurrent && enumerator.Current.Attributes.IsTransactional ? new RecordBatchHeader(bytes).ProducerId : -1;
            bool isControl = isCurrent && enumerator.Current.Attributes.IsControl;
            RecordEnumerator records = reader.Read(bytes);
            while (records.MoveNext())
            {
                Record record = records.Current;
                if (record.Offset < from) continue;
                if (isControl) ReplayMarker(machine, record, producerId);
                else Replay(log, machine, record, producerId);
                count++;
            }

            if (records.ErrorCode != ErrorCode.None) LogUnreadable(logger, log.TopicPartition.ToString(), enumerator.Current.BaseOffset, records.ErrorCode.ToString());
            next = enumerator.Current.LastOffset + 1;
        }

        return next;
    }

    private void Replay(PartitionLog log, ICoordinatorMachine machine, in Record record, long producerId)
    {
        try
        {
            machine.Replay(new CoordinatorRecord(record.Key.ToArray(), record.HasValue ? record.Value.ToArray() : null), producerId);
        }
        // What the machine cannot take, such as a member that is there twice, is another's writing or damage too.
        catch (Exception e) when (e is not StorageException)
        {
            LogUnreadable(logger, log.TopicPartition.ToString(), record.Offset, e.Message);
        }
    }

    private static void ReplayMarker(ICoordinatorMachine machine, in Record record, long producerId)
    {
        // Version, then the type; there are control records of other types.
        if (BinaryPrimitives.TryReadInt16BigEndian(record.Key.Length >= 4 ? record.Key[2..] : [], out short type) && type is AbortMarker or CommitMarker)
            machine.ReplayEnd(producerId, type == CommitMarker);
    }

    [LoggerMessage(3101, LogLevel.Error, "{Partition}: the record at offset {Offset} cannot be understood and is left out: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string partition, long offset, string reason);
}
