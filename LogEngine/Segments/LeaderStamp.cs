using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Segments;

/// <summary>Writes into batches what their leader decides, in place.</summary>
internal static class LeaderStamp
{
    /// <summary>
    /// Gives the batches their offsets from <paramref name="firstOffset"/> on. <paramref name="appendTime"/> is -1 where the
    /// producer's timestamps stay.
    /// </summary>
    /// <exception cref="ArgumentException">The bytes are no run of whole batches of magic 2: the caller did not validate.</exception>
    public static AppendStatus Apply(
        Span<byte> records, long firstOffset, LeaderEpoch epoch, long appendTime, int maxBatchBytes, out BatchRange range)
    {
        long next = firstOffset;
        long maxTimestamp = -1;
        int bytes = records.Length;
        range = default;
        if (records.IsEmpty) throw new ArgumentException("no batch to append", nameof(records));
        while (!records.IsEmpty)
        {
            if (!BatchHeader.TryParse(records, out BatchHeader header) || header.SizeInBytes > records.Length
                || header.Magic != RecordBatchFormat.CurrentMagic)
                throw new ArgumentException("not a run of whole batches of magic 2", nameof(records));
            if (header.SizeInBytes > maxBatchBytes) return AppendStatus.MessageTooLarge;
            Span<byte> batch = records[..header.SizeInBytes];
            RecordBatchStamp.SetOffsetAndEpoch(batch, next, epoch.Value);
            if (appendTime >= 0) RecordBatchStamp.SetMaxTimestamp(batch, TimestampType.LogAppendTime, appendTime);
            maxTimestamp = Math.Max(maxTimestamp, appendTime >= 0 ? appendTime : header.MaxTimestamp);
            next = checked(next + (header.LastOffset - header.BaseOffset) + 1);
            records = records[header.SizeInBytes..];
        }

        range = new BatchRange(firstOffset, next - 1, maxTimestamp, bytes);
        return AppendStatus.Appended;
    }
}
