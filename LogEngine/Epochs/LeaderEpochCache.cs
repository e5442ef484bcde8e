using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Epochs;

/// <summary>
/// Where each leader epoch of a log starts (KIP-101). Epochs rise strictly, start offsets do not fall. Changed under the log's
/// gate; read without a lock. What an append adds is on disk before the recovery point passes it, because recovery reads it
/// again from the batches above that point; a truncation is on disk at once, because the batches that would tell are gone.
/// </summary>
internal sealed class LeaderEpochCache(ILogFileSystem fileSystem, string directory, IEnumerable<EpochEntry> entries)
{
    private readonly Lock _writing = new();
    private volatile EpochEntry[] _entries = [.. entries];
    private EpochEntry[]? _unwritten;
    private volatile string _directory = directory;

    /// <summary>Whether the file does not hold the entries.</summary>
    public bool IsDirty => Volatile.Read(ref _unwritten) is not null;

    public IReadOnlyList<EpochEntry> Entries => _entries;

    /// <summary>The last epoch; null when none is known.</summary>
    public int? Latest => _entries is [.., var last] ? last.Epoch : null;

    /// <summary>
    /// Notes that <paramref name="epoch"/> starts at <paramref name="startOffset"/>, if that is news. Entries it contradicts go.
    /// </summary>
    public void Assign(int epoch, long startOffset)
    {
        EpochEntry[] old = _entries;
        if (epoch < 0 || (old.Length > 0 && old[^1].Epoch == epoch && old[^1].StartOffset <= startOffset)) return;
        int keep = old.Length;
        while (keep > 0 && (old[keep - 1].Epoch >= epoch || old[keep - 1].StartOffset >= startOffset)) keep--;
        _entries = [.. old[..keep], new EpochEntry(epoch, startOffset)];
        Volatile.Write(ref _unwritten, _entries);
    }

    /// <summary>
    /// Where the epoch ends in this log: the start of the next one, or <paramref name="logEndOffset"/> for the latest.
    /// </summary>
    public EpochEndOffset EndOffsetFor(int epoch, long logEndOffset)
    {
        EpochEntry[] entries = _entries;
        if (epoch < 0 || entries.Length == 0) return EpochEndOffset.Undefined;
        if (epoch == entries[^1].Epoch) return new EpochEndOffset(epoch, logEndOffset);
        int higher = Array.FindIndex(entries, entry => entry.Epoch > epoch);
        if (higher < 0) return EpochEndOffset.Undefined;
        // Older than anything known: where the oldest known starts, it has ended.
        return new EpochEndOffset(higher == 0 ? epoch : entries[higher - 1].Epoch, entries[higher].StartOffset);
    }

    /// <summary>The epoch of the record at an offset; null when it lies before the first entry.</summary>
    public int? EpochAt(long offset)
    {
        EpochEntry[] entries = _entries;
        for (int i = entries.Length - 1; i >= 0; i--)
        {
            if (entries[i].StartOffset <= offset) return entries[i].Epoch;
        }

        return null;
    }

    /// <summary>The log ends at this offset: later entries go.</summary>
    public void TruncateFromEnd(long endOffset)
    {
        EpochEntry[] old = _entries;
        int keep = old.Length;
        while (keep > 0 && old[keep - 1].StartOffset >= endOffset) keep--;
        if (keep == old.Length) return;
        _entries = old[..keep];
        Volatile.Write(ref _unwritten, _entries);
    }

    /// <summary>The log starts at this offset: the epoch that holds it starts there, earlier ones go.</summary>
    public void TruncateFromStart(long startOffset)
    {
        EpochEntry[] old = _entries;
        int first = Array.FindLastIndex(old, entry => entry.StartOffset <= startOffset);
        if (first < 0 || (first == 0 && old[0].StartOffset == startOffset)) return;
        EpochEntry[] rest = old[first..];
        rest[0] = rest[0] with { StartOffset = startOffset };
        _entries = rest;
        Volatile.Write(ref _unwritten, _entries);
    }

    public void Clear()
    {
        if (_entries.Length == 0) return;
        _entries = [];
        Volatile.Write(ref _unwritten, _entries);
    }

    /// <summary>
    /// Brings the entries to the disk. Needs no gate: of two writers the second writes what is newest then, and returns when that
    /// is there.
    /// </summary>
    public void Persist()
    {
        lock (_writing)
        {
            if (Volatile.Read(ref _unwritten) is not { } entries) return;
            LeaderEpochCheckpoint.Write(fileSystem, _directory, entries);
            // Unless others came meanwhile.
            Interlocked.CompareExchange(ref _unwritten, null, entries);
        }
    }

    public void Relocate(string directory) => _directory = directory;
}
