using System.Runtime.InteropServices;

namespace KBroker.LogEngine.Compaction;

/// <summary>
/// The last offset of each key in the part of a log that is being compacted: open addressing in one block of memory outside the
/// managed heap, 24 bytes a slot, whatever the keys' sizes. The system backs the block with pages only as keys reach them.
/// </summary>
internal sealed unsafe class OffsetMap : IDisposable
{
    /// <summary>Two words of hash and the offset plus one, 0 for a free slot.</summary>
    public const int SlotSize = 24;

    private const long FewestSlots = 64;

    private readonly KeyHash _hash = KeyHash.Create();
    private readonly ulong _slots;
    private Slot* _table;

    /// <summary>A map with room for <paramref name="keys"/> keys, or as many as fit in <paramref name="maxBytes"/>.</summary>
    /// <param name="maxBytes">The bound of its memory, in bytes; a bound below 1.5 KB counts as that.</param>
    /// <param name="keys">As many keys as there can be.</param>
    /// <param name="loadFactor">How full it may get, between 0 and 1.</param>
    public OffsetMap(long maxBytes, long keys, double loadFactor)
    {
        long wanted = (long)Math.Min(keys / loadFactor, long.MaxValue / 2) + 2;
        long slots = Math.Max(Math.Min(wanted, maxBytes / SlotSize), FewestSlots);
        _slots = (ulong)slots;
        // One slot stays free, at which every search ends.
        Capacity = Math.Clamp((long)(slots * loadFactor), 1, slots - 1);
        _table = (Slot*)NativeMemory.AllocZeroed((nuint)slots, SlotSize);
    }

    /// <summary>How many keys it holds at most.</summary>
    public long Capacity { get; }

    public long Count { get; private set; }

    public long SizeInBytes => (long)_slots * SlotSize;

    /// <summary>Notes a key's offset; false when the key is not there and there is no room for it.</summary>
    public bool TryPut(ReadOnlySpan<byte> key, long offset)
    {
        Slot* slot = Find(key, out ulong first, out ulong second);
        if (slot->OffsetPlusOne == 0)
        {
            if (Count == Capacity) return false;
            slot->First = first;
            slot->Second = second;
            Count++;
        }

        slot->OffsetPlusOne = offset + 1;
        return true;
    }

    /// <summary>The last offset noted for the key; -1 when there is none.</summary>
    public long Get(ReadOnlySpan<byte> key) => Find(key, out _, out _)->OffsetPlusOne - 1;

    public void Dispose()
    {
        NativeMemory.Free(_table);
        _table = null;
    }

    private Slot* Find(ReadOnlySpan<byte> key, out ulong first, out ulong second)
    {
        ObjectDisposedException.ThrowIf(_table is null, this);
        (first, second) = _hash.Of(key);
        ulong at = Math.BigMul(first, _slots, out _);
        while (true)
        {
            Slot* slot = _table + at;
            if (slot->OffsetPlusOne == 0 || (slot->First == first && slot->Second == second)) return slot;
            if (++at == _slots) at = 0;
        }
    }

    private struct Slot
    {
        public ulong First;
        public ulong Second;
        public long OffsetPlusOne;
    }
}
