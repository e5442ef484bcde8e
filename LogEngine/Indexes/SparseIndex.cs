using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Indexes;

/// <summary>
/// A sorted file of fixed-size entries beside a segment. Entries are read into memory on first use and served from there;
/// new ones reach the file when the segment ends, before the recovery point passes it. Entries that are all in the file may be
/// let go for want of memory and are read again at the next use. One writer; readers see a prefix that only grows, except that a
/// truncation swaps in a copy.
/// </summary>
internal abstract class SparseIndex(ILogFileSystem fileSystem, string path, int entrySize, int maxFileBytes, ClockBudget budget)
    : BudgetEntry, IFlushedIndex
{
    private const int InitialCapacity = 64;
    private const int SmallestBatch = 26;
    private const int FirstStep = 4;

    // Kafka takes segment.index.bytes from 4 on, though no entry fits: two have to, or an empty index counts as full and every append
    // starts a segment.
    private readonly int _maxBytes = Math.Max(maxFileBytes / entrySize, 2) * entrySize;
    private readonly Lock _loading = new();
    private volatile Entries? _entries;
    // Whether all entries are in the file; changed under _loading.
    private bool _evictable;
    private bool _released;
    private int _persisted;
    private bool _preallocated;
    private int _sealed;
    private int _flushed;

    public string Path { get; private set; } = path;

    public int Count => Current.Count;

    /// <summary>The segment that the entries point into; set once, before the first use.</summary>
    public IIndexedSegment? Owner { get; set; }

    protected int MaxEntries => _maxBytes / entrySize;

    protected Entries Current
    {
        get
        {
            MarkUsed();
            return _entries ?? LoadAgain();
        }
    }

    /// <summary>A new file for a segment that will grow: its full size on disk without blocks, cut when the segment ends.</summary>
    public void Create()
    {
        fileSystem.DeleteFile(Path);
        using ILogFile file = fileSystem.CreateNew(Path);
        file.SetLength(_maxBytes);
        Reset();
    }

    /// <summary>Starts from no entries; the file is rewritten by <see cref="Seal"/>.</summary>
    public void Reset()
    {
        lock (_loading)
        {
            Pin();
            _persisted = 0;
            _preallocated = true;
            _entries = new Entries(0, entrySize);
        }
    }

    /// <summary>Takes over the entries of an index that was made anew in memory; the file is rewritten by <see cref="Seal"/>.</summary>
    public void TakeOver(SparseIndex fresh)
    {
        lock (_loading)
        {
            Pin();
            _persisted = 0;
            _preallocated = true;
            _entries = fresh._entries;
        }
    }

    /// <summary>
    /// Reads the file; false when it is missing or its entries cannot be right, in which case the index has to be rebuilt.
    /// </summary>
    public bool TryLoad(int segmentSize)
    {
        lock (_loading) return _entries is not null || Load(segmentSize) is not null;
    }

    /// <summary>Writes what is new and cuts the file to its entries, as a segment that no longer grows has it.</summary>
    public void Seal()
    {
        lock (_loading)
        {
            if (_entries is not { } entries) return;
            if (entries.Count != _persisted || _preallocated)
            {
                using ILogFile file = OpenOrCreate();
                int count = entries.Count;
                file.Write(entries.Bytes.AsSpan(_persisted * entrySize, (count - _persisted) * entrySize), (long)_persisted * entrySize);
                _persisted = count;
                file.SetLength((long)count * entrySize);
                _preallocated = false;
                _sealed++;
            }

            if (_evictable) return;
            if (entries.Bytes.Length > entries.Count * entrySize) _entries = entries = entries.Copy(entries.Count, entries.Count, entrySize);
            Unpin(entries);
        }
    }

    /// <summary>The file, for a flush that outlives the log's gate; null when it has nothing that is not on the disk.</summary>
    public IndexFlush? OpenForFlush() =>
        _flushed == _sealed || !fileSystem.FileExists(Path) ? null : new IndexFlush(this, fileSystem.Open(Path), _sealed);

    /// <summary>Under the log's gate: what was sealed up to <paramref name="version"/> is on the disk.</summary>
    public void NoteFlushed(int version) => _flushed = Math.Max(_flushed, version);

    public void Relocate(string path) => Path = path;

    /// <summary>Renames the file; who is about to read it finds it by its new name. False when there is none.</summary>
    public bool Rename(string path)
    {
        lock (_loading)
        {
            bool exists = fileSystem.FileExists(Path);
            if (exists) fileSystem.Rename(Path, path);
            Path = path;
            return exists;
        }
    }

    /// <summary>
    /// The segment is gone: its entries take no part of the budget, and the file, whose name another may have, is not read again.
    /// </summary>
    public void Release()
    {
        lock (_loading)
        {
            _released = true;
            if (!_evictable) return;
            budget.Remove(this);
            _entries = null;
        }
    }

    /// <summary>Under the log's gate: reads the entries, if need be, and keeps them until the segment ends again.</summary>
    public void Hold() => _ = Growing();

    /// <inheritdoc/>
    internal override bool TryBeginEviction()
    {
        if (!_loading.TryEnter()) return false;
        try
        {
            if (!_evictable) return false;
            _entries = null;
            return true;
        }
        finally
        {
            _loading.Exit();
        }
    }

    /// <inheritdoc/>
    internal override void FinishEviction()
    {
    }

    /// <summary>
    /// The number of entries whose key is at most this. Keys rise about evenly: the search starts where the key would lie then and
    /// doubles its steps from there, which touches fewer cache lines than halving the whole.
    /// </summary>
    protected static int CountUpTo<TKeys>(Entries entries, long key)
        where TKeys : struct, ISortKeys
    {
        // All entries before low are at most the key, all from high on are greater.
        int low = 0;
        int high = entries.Count;
        if (high == 0) return 0;
        long first = TKeys.At(entries, 0);
        long last = TKeys.At(entries, high - 1);
        if (key < first) return 0;
        if (key >= last) return high;
        low = 1;
        high--;
        int guess = Math.Clamp((int)((double)(key - first) / (last - first) * high), low, high);
        bool isBelow = guess < high && TKeys.At(entries, guess) <= key;
        if (isBelow) low = guess + 1;
        else high = guess;
        for (int step = FirstStep; high - low > step; step *= 2)
        {
            int probe = isBelow ? low + step - 1 : high - step;
            bool atMost = TKeys.At(entries, probe) <= key;
            if (atMost) low = probe + 1;
            else high = probe;
            if (atMost != isBelow) break;
        }

        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            if (TKeys.At(entries, middle) <= key) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    protected abstract bool IsPlausible(Entries entries, int segmentSize);

    protected Span<byte> AddEntry()
    {
        Entries entries = Growing();
        if ((entries.Count + 1) * entrySize > entries.Bytes.Length) _entries = entries = Grown(entries);
        return entries.Bytes.AsSpan(entries.Count * entrySize, entrySize);
    }

    /// <summary>Makes the entry of <see cref="AddEntry"/> visible to readers.</summary>
    protected void PublishEntry() => _entries!.Count++;

    protected void KeepFirst(int count)
    {
        Entries entries = Growing();
        if (count == entries.Count) return;
        _entries = entries.Copy(count, entries.Count, entrySize);
        if (count >= _persisted) return;
        _persisted = count;
        using ILogFile file = OpenOrCreate();
        file.SetLength((long)count * entrySize);
        // Even if no entry follows: what is cut must not come back once the segment has ended.
        _sealed++;
    }

    private ILogFile OpenOrCreate() => fileSystem.FileExists(Path) ? fileSystem.Open(Path) : fileSystem.CreateNew(Path);

    // Only the writer pins and unpins, so that its own look needs no lock.
    private Entries Growing()
    {
        if (!_evictable) return Current;
        lock (_loading)
        {
            Entries entries = Current;
            Pin();
            // Reading them may have pushed them out at once.
            _entries = entries;
            return entries;
        }
    }

    private Entries Grown(Entries entries) =>
        entries.Copy(entries.Count, Math.Max(InitialCapacity, entries.Count * 2), entrySize);

    private void Pin()
    {
        if (!_evictable) return;
        _evictable = false;
        budget.Remove(this);
    }

    private void Unpin(Entries entries)
    {
        _evictable = true;
        budget.Admit(this, entries.Bytes.Length);
    }

    private Entries LoadAgain()
    {
        lock (_loading)
        {
            if (_entries is { } present) return present;
            if (Owner is not { } owner) throw new InvalidOperationException($"{Path} is not loaded");
            if (_released) throw owner.Closed();
            return Load(owner.Size) ?? throw owner.CorruptIndex();
        }
    }

    private Entries? Load(int segmentSize)
    {
        if (!fileSystem.FileExists(Path)) return null;
        using ILogFile file = fileSystem.Open(Path);
        long length = file.Length;
        // No more entries than batches, and one for the largest timestamp: a length is not believed further than that.
        if (length % entrySize != 0 || length / entrySize > (segmentSize / SmallestBatch) + 2) return null;
        var entries = new Entries((int)length / entrySize, entrySize);
        if (file.Read(entries.Bytes.AsSpan(0, (int)length), 0) != length) return null;
        entries.Count = (int)length / entrySize;
        if (!IsPlausible(entries, segmentSize)) return null;
        _persisted = entries.Count;
        _preallocated = false;
        _entries = entries;
        Unpin(entries);
        return entries;
    }

    /// <summary>What the entries of an index are sorted by; a type, so that the search is compiled for it.</summary>
    protected interface ISortKeys
    {
        static abstract long At(Entries entries, int index);
    }

    /// <summary>Entries in memory. The count is published after the bytes it covers.</summary>
    internal sealed class Entries(int capacity, int entrySize)
    {
        private const int BitsPerWord = 32;

        private int _count;
        private int[]? _verified;

        public byte[] Bytes { get; } = new byte[capacity * entrySize];

        public int Count
        {
            get => Volatile.Read(ref _count);
            set => Volatile.Write(ref _count, value);
        }

        /// <summary>Whether a reader has found the entry to fit the batch that it names; a copy does not know.</summary>
        public bool IsVerified(int index) =>
            Volatile.Read(ref _verified) is { } bits && (Volatile.Read(ref bits[index / BitsPerWord]) & (1 << (index % BitsPerWord))) != 0;

        public void MarkVerified(int index)
        {
            int[]? bits = Volatile.Read(ref _verified);
            if (bits is null)
            {
                bits = new int[(capacity + BitsPerWord - 1) / BitsPerWord];
                bits = Interlocked.CompareExchange(ref _verified, bits, null) ?? bits;
            }

            Interlocked.Or(ref bits[index / BitsPerWord], 1 << (index % BitsPerWord));
        }

        public Entries Copy(int count, int capacity, int entrySize)
        {
            var copy = new Entries(capacity, entrySize);
            Bytes.AsSpan(0, count * entrySize).CopyTo(copy.Bytes);
            copy.Count = count;
            return copy;
        }
    }
}
