using System.Buffers.Binary;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Indexes;

/// <summary>Where the batch that ends with an offset starts.</summary>
internal readonly record struct OffsetPosition(long Offset, int Position);

/// <summary>
/// The <c>.index</c> file: relative offset (int32) and position (int32) of the batches at which about every
/// <c>index.interval.bytes</c> a note was made. Both columns rise strictly.
/// </summary>
internal sealed class OffsetIndex(ILogFileSystem fileSystem, string path, long baseOffset, int maxFileBytes, ClockBudget budget)
    : SparseIndex(fileSystem, path, EntrySize, maxFileBytes, budget)
{
    public const int EntrySize = 8;

    public bool IsFull => Count >= MaxEntries;

    public void Append(long offset, int position)
    {
        Span<byte> entry = AddEntry();
        BinaryPrimitives.WriteInt32BigEndian(entry, checked((int)(offset - baseOffset)));
        BinaryPrimitives.WriteInt32BigEndian(entry[4..], position);
        PublishEntry();
    }

    /// <summary>The last entry at or before the offset; the segment's start when there is none.</summary>
    public OffsetPosition Lookup(long offset)
    {
        Entries entries = Current;
        int count = CountTo(entries, offset);
        return count == 0 ? new OffsetPosition(baseOffset, 0) : Entry(entries, count - 1);
    }

    /// <summary>The offset of the first entry at or behind a position: no batch before it reaches that offset. Null when none is there.</summary>
    public long? FindOffsetAt(long position)
    {
        Entries entries = Current;
        int low = 0;
        int high = entries.Count;
        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            if (Entry(entries, middle).Position < position) low = middle + 1;
            else high = middle;
        }

        return low == entries.Count ? null : Entry(entries, low).Offset;
    }

    /// <summary>As <see cref="Lookup"/>, with the two entries behind it; null where there is none.</summary>
    public (OffsetPosition Entry, OffsetPosition? Next, OffsetPosition? AfterNext) Find(long offset)
    {
        Entries entries = Current;
        int count = CountTo(entries, offset);
        return (
            count == 0 ? new OffsetPosition(baseOffset, 0) : Entry(entries, count - 1),
            count < entries.Count ? Entry(entries, count) : null,
            count < entries.Count - 1 ? Entry(entries, count + 1) : null);
    }

    /// <summary>
    /// The entry that lies <paramref name="count"/> before the first one at the offset or behind it; the segment's start at the earliest.
    /// </summary>
    public OffsetPosition EntryBefore(long offset, int count)
    {
        Entries entries = Current;
        int at = CountTo(entries, offset - 1) - count;
        return at < 0 ? new OffsetPosition(baseOffset, 0) : Entry(entries, at);
    }

    /// <summary>The last entry, or the segment's start.</summary>
    public OffsetPosition Last()
    {
        Entries entries = Current;
        int count = entries.Count;
        return count == 0 ? new OffsetPosition(baseOffset, 0) : Entry(entries, count - 1);
    }

    public OffsetPosition this[int index] => Entry(Current, index);

    /// <summary>Drops the entries of this offset and later ones.</summary>
    public void TruncateTo(long offset) => KeepFirst(offset == 0 ? 0 : CountTo(Current, offset - 1));

    protected override bool IsPlausible(Entries entries, int segmentSize)
    {
        long lastOffset = -1;
        long lastPosition = -1;
        for (int i = 0; i < entries.Count; i++)
        {
            (long offset, int position) = Entry(entries, i);
            if (offset - baseOffset <= lastOffset || position <= lastPosition || position >= segmentSize) return false;
            lastOffset = offset - baseOffset;
            lastPosition = position;
        }

        return true;
    }

    // The entries whose offset is at most this.
    private int CountTo(Entries entries, long offset) => CountUpTo<RelativeOffsets>(entries, offset - baseOffset);

    private OffsetPosition Entry(Entries entries, int index)
    {
        ReadOnlySpan<byte> entry = entries.Bytes.AsSpan(index * EntrySize, EntrySize);
        return new OffsetPosition(
            baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry), BinaryPrimitives.ReadInt32BigEndian(entry[4..]));
    }

    private readonly struct RelativeOffsets : ISortKeys
    {
        public static long At(Entries entries, int index) => BinaryPrimitives.ReadInt32BigEndian(entries.Bytes.AsSpan(index * EntrySize));
    }
}
