using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Indexes;

/// <summary>
/// A sorted file of fixed-size entries beside a segment. Entries are read into memory on first use and served from there;
/// new ones reach the file when the segment ends, before the recovery point passes it. One writer;
/// readers see a prefix that only grows, except that a truncation swaps in a copy.
/// </summary>
internal abstract class SparseIndex(ILogFileSystem fileSystem, string path, int entrySize, int maxFileBytes) : IFlushedIndex
{
    private readonly int _maxBytes = maxFileBytes / entrySize * entrySize;
    private volatile Entries? _entries;
    private int _persisted;
    private bool _preallocated;
    private int _sealed;
    private int _flushed;

    public string Path { get; private set; } = path;

    public bool IsLoaded => _entries is not null;

    public int Count => Current.Count;

    protected int MaxEntries => _maxBytes / entrySize;

    protected Entries Current => _entries ?? throw new InvalidOperationException($"{Path} is not loaded");

    /// <summary>A new file for a segment that will grow: its full size on disk without blocks, cut when the segment ends.</summary>
    public void Create()
    {
        fileSystem.DeleteFile(Path);
        using ILogFile file = fileSystem.CreateNew(Path);
        file.SetLength(_maxBytes);
        _preallocated = true;
        _persisted = 0;
        _entries = new Entries(0, entrySize);
    }

    /// <summary>Starts from no entries; the file is rewritten by <see cref="Seal"/>.</summary>
    public void Reset()
    {
        _persisted = 0;
        _preallocated = true;
        _entries = new Entries(0, entrySize);
    }

    /// <summary>
    /// Reads the file; false when it is missing or its entries cannot be right, in which case the index has to be rebuilt.
    /// </summary>
    public bool TryLoad(int segmentSize)
    {
        if (!fileSystem.FileExists(Path)) return false;
        using ILogFile file = fileSystem.Open(Path);
        long length = file.Length;
        if (length % entrySize != 0 || length > int.MaxValue) return false;
        var entries = new Entries((int)length / entrySize, entrySize);
        if (file.Read(entries.Bytes.AsSpan(0, (int)length), 0) != length) return false;
        entries.Count = (int)length / entrySize;
        if (!IsPlausible(entries, segmentSize)) return false;
        _persisted = entries.Count;
        _entries = entries;
        return true;
    }

    private void Persist()
    {
        if (_entries is not { } entries || entries.Count == _persisted) return;
        using ILogFile file = OpenOrCreate();
        int count = entries.Count;
        file.Write(entries.Bytes.AsSpan(_persisted * entrySize, (count - _persisted) * entrySize), (long)_persisted * entrySize);
        _persisted = count;
    }

    /// <summary>Writes what is new and cuts the file to its entries, as a segment that no longer grows has it.</summary>
    public void Seal()
    {
        if (_entries is not { } entries) return;
        if (entries.Count == _persisted && !_preallocated) return;
        Persist();
        using ILogFile file = OpenOrCreate();
        file.SetLength((long)entries.Count * entrySize);
        _preallocated = false;
        _sealed++;
    }

    /// <summary>The file, for a flush that outlives the log's gate; null when it has nothing that is not on the disk.</summary>
    public IndexFlush? OpenForFlush() =>
        _flushed == _sealed || !fileSystem.FileExists(Path) ? null : new IndexFlush(this, fileSystem.Open(Path), _sealed);

    /// <summary>Under the log's gate: what was sealed up to <paramref name="version"/> is on the disk.</summary>
    public void NoteFlushed(int version) => _flushed = Math.Max(_flushed, version);

    public void Relocate(string path) => Path = path;

    protected abstract bool IsPlausible(Entries entries, int segmentSize);

    protected Span<byte> AddEntry()
    {
        Entries entries = Current;
        if ((entries.Count + 1) * entrySize > entries.Bytes.Length) _entries = entries = entries.Copy(entries.Count, entries.Count * 2, entrySize);
        return entries.Bytes.AsSpan(entries.Count * entrySize, entrySize);
    }

    /// <summary>Makes the entry of <see cref="AddEntry"/> visible to readers.</summary>
    protected void PublishEntry() => Current.Count++;

    protected void KeepFirst(int count)
    {
        Entries entries = Current;
        if (count == entries.Count) return;
        _entries = entries.Copy(count, entries.Count, entrySize);
        if (count >= _persisted) return;
        _persisted = count;
        using ILogFile file = OpenOrCreate();
        file.SetLength((long)count * entrySize);
    }

    private ILogFile OpenOrCreate() => fileSystem.FileExists(Path) ? fileSystem.Open(Path) : fileSystem.CreateNew(Path);

    /// <summary>Entries in memory. The count is published after the bytes it covers.</summary>
    protected sealed class Entries(int capacity, int entrySize)
    {
        private const int InitialCapacity = 64;
        private int _count;

        public byte[] Bytes { get; } = new byte[Math.Max(capacity, InitialCapacity) * entrySize];

        public int Count
        {
            get => Volatile.Read(ref _count);
            set => Volatile.Write(ref _count, value);
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
