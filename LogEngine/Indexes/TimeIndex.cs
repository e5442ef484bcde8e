using System.Buffers.Binary;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Indexes;

/// <summary>The largest timestamp (milliseconds) so far and the last offset of the first batch that has it.</summary>
internal readonly record struct TimePosition(long Timestamp, long Offset);

/// <summary>An entry of a time index, or the segment's start; knows whether a reader has found it to fit its batch.</summary>
internal readonly struct TimeNote(TimePosition position, TimePosition? next, SparseIndex.Entries? entries, int index)
{
    public TimePosition Position => position;

    /// <summary>The entry behind it; null when there is none.</summary>
    public TimePosition? Next => next;

    public bool IsVerified => entries is null || entries.IsVerified(index);

    public void MarkVerified() => entries?.MarkVerified(index);
}

/// <summary>
/// The <c>.timeindex</c> file: timestamp (int64) and relative offset (int32). No message up to and including an entry's
/// offset has a later timestamp. Timestamps rise strictly, offsets do not fall.
/// </summary>
internal sealed class TimeIndex(ILogFileSystem fileSystem, string path, long baseOffset, int maxFileBytes, ClockBudget budget)
    : SparseIndex(fileSystem, path, EntrySize, maxFileBytes, budget)
{
    public const int EntrySize = 12;

    /// <summary>One entry stays free for the largest timestamp, which is noted when the segment ends.</summary>
    public bool IsFull => Count >= MaxEntries - 1;

    /// <summary>Notes the timestamp if it is later than the last one.</summary>
    public void MaybeAppend(long timestamp, long offset, bool force = false)
    {
        if (!force && IsFull) return;
        TimePosition last = Last();
        if (timestamp <= last.Timestamp || offset < last.Offset) return;
        Span<byte> entry = AddEntry();
        BinaryPrimitives.WriteInt64BigEndian(entry, timestamp);
        BinaryPrimitives.WriteInt32BigEndian(entry[8..], checked((int)(offset - baseOffset)));
        PublishEntry();
    }

    /// <summary>The last entry whose timestamp is not later; the segment's start when there is none.</summary>
    public TimeNote Lookup(long timestamp)
    {
        Entries entries = Current;
        int count = CountUpTo<Timestamps>(entries, timestamp);
        TimePosition? next = count < entries.Count ? Entry(entries, count) : null;
        return count == 0 ? new TimeNote(Start, next, null, 0) : new TimeNote(Entry(entries, count - 1), next, entries, count - 1);
    }

    /// <summary>What holds before the first entry.</summary>
    private TimePosition Start => new(-1, baseOffset);

    public TimePosition Last()
    {
        Entries entries = Current;
        int count = entries.Count;
        return count == 0 ? Start : Entry(entries, count - 1);
    }

    /// <summary>Drops the entries of this offset and later ones.</summary>
    public void TruncateTo(long offset)
    {
        Entries entries = Current;
        int keep = entries.Count;
        while (keep > 0 && Entry(entries, keep - 1).Offset >= offset) keep--;
        KeepFirst(keep);
    }

    protected override bool IsPlausible(Entries entries, int segmentSize)
    {
        long lastTimestamp = -1;
        long lastOffset = -1;
        for (int i = 0; i < entries.Count; i++)
        {
            (long timestamp, long offset) = Entry(entries, i);
            if (timestamp <= lastTimestamp || offset - baseOffset < Math.Max(lastOffset, 0)) return false;
            lastTimestamp = timestamp;
            lastOffset = offset - baseOffset;
        }

        return segmentSize > 0 || entries.Count == 0;
    }

    private TimePosition Entry(Entries entries, int index)
    {
        ReadOnlySpan<byte> entry = entries.Bytes.AsSpan(index * EntrySize, EntrySize);
        return new TimePosition(
            BinaryPrimitives.ReadInt64BigEndian(entry), baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]));
    }

    private readonly struct Timestamps : ISortKeys
    {
        public static long At(Entries entries, int index) => BinaryPrimitives.ReadInt64BigEndian(entries.Bytes.AsSpan(index * EntrySize));
    }
}
