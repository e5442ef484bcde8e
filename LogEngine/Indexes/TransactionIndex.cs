using System.Buffers;
using System.Buffers.Binary;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Indexes;

/// <summary>
/// The <c>.txnindex</c> file: the transactions whose abort marker lies in the segment, by rising offset of the marker. It is made by
/// the first of them; a segment without one has no file. Entries stay on the disk and are read where they are needed, so that
/// neither memory nor a handle is held. One writer, under the log's gate; readers take no lock and see entries once they are
/// whole.
/// </summary>
internal sealed class TransactionIndex(ILogFileSystem fileSystem, string path, long baseOffset) : IFlushedIndex
{
    private readonly Lock _naming = new();
    private string _path = path;
    /// <summary>Version (int16), producer id, first, last and last stable offset (int64 each).</summary>
    public const int EntrySize = 34;

    private const short CurrentVersion = 0;
    private const int EntriesPerRead = 120;

    private int _count;
    private long _lastOffset = -1;
    private int _written;
    private int _flushed;
    // Whether the file was made since that was last told: who made it may have failed before it could tell.
    private bool _made;

    public string Path => Volatile.Read(ref _path);

    public int Count => Volatile.Read(ref _count);

    /// <summary>
    /// Takes over the file as it lies on the disk; false when it cannot be the index of a segment that ends at
    /// <paramref name="endOffset"/>, in which case there are no entries until it is made anew.
    /// </summary>
    public bool TryLoad(long endOffset)
    {
        _lastOffset = -1;
        Volatile.Write(ref _count, 0);
        if (!fileSystem.FileExists(Path)) return true;
        using ILogFile file = fileSystem.Open(Path);
        long length = file.Length;
        if (length % EntrySize != 0 || length / EntrySize > int.MaxValue) return false;
        var reader = new Reader(file, (int)(length / EntrySize));
        try
        {
            long last = baseOffset - 1;
            for (int i = 0; i < reader.Count; i++)
            {
                if (!reader.TryRead(i, out AbortedTransaction entry) || !IsPlausible(entry) || entry.LastOffset <= last || entry.LastOffset >= endOffset)
                    return false;
                last = entry.LastOffset;
            }

            _lastOffset = last;
            Volatile.Write(ref _count, reader.Count);
            return true;
        }
        finally
        {
            reader.Dispose();
        }
    }

    /// <summary>Adds an entry; true if that made the file, whose name is then not known to be on the disk.</summary>
    /// <exception cref="ArgumentException">The marker does not lie behind that of the last entry.</exception>
    public bool Append(in AbortedTransaction aborted)
    {
        int count = Count;
        if (count > 0 && aborted.LastOffset <= _lastOffset)
            throw new ArgumentException($"{Path}: a marker at {aborted.LastOffset} cannot follow one at {_lastOffset}", nameof(aborted));
        using ILogFile file = OpenOrCreate();
        Span<byte> bytes = stackalloc byte[EntrySize];
        Format(aborted, bytes);
        file.Write(bytes, (long)count * EntrySize);
        _lastOffset = aborted.LastOffset;
        _written++;
        Volatile.Write(ref _count, count + 1);
        return TakeMade();
    }

    /// <summary>
    /// Takes disk space for <paramref name="entries"/> more, so that a full disk is met before the markers are in the log. True if that
    /// made the file. A file system that cannot do that takes nothing.
    /// </summary>
    /// <exception cref="StorageException">The disk is full, or failed.</exception>
    public bool Reserve(int entries)
    {
        using ILogFile file = OpenOrCreate();
        file.Preallocate((long)Count * EntrySize, (long)entries * EntrySize);
        return TakeMade();
    }

    /// <summary>Drops the entries whose marker lies at this offset or later.</summary>
    public void TruncateTo(long offset)
    {
        int count = Count;
        if (count == 0 || _lastOffset < offset) return;
        using ILogFile file = fileSystem.Open(Path);
        var reader = new Reader(file, count);
        int keep;
        long last = -1;
        try
        {
            keep = FirstEndingAt(ref reader, offset);
            if (keep > 0 && reader.TryRead(keep - 1, out AbortedTransaction entry)) last = entry.LastOffset;
        }
        finally
        {
            reader.Dispose();
        }

        Volatile.Write(ref _count, keep);
        _lastOffset = last;
        _written++;
        file.SetLength((long)keep * EntrySize);
        // What was cut must not come back behind markers that are written now.
        file.Flush();
    }

    /// <summary>Starts from no entries.</summary>
    public void Reset()
    {
        Volatile.Write(ref _count, 0);
        _lastOffset = -1;
        _written++;
        fileSystem.DeleteFile(Path);
    }

    /// <summary>
    /// Adds to <paramref name="found"/>, which is made when needed, the transactions that have records or their marker at or after
    /// <paramref name="startOffset"/> and begin below <paramref name="upperBound"/>. True when later entries, here and in later
    /// segments, begin at the bound or after it.
    /// </summary>
    /// <exception cref="StorageException">The file is gone or cannot be read.</exception>
    public bool Collect(long startOffset, long upperBound, ref List<AbortedTransaction>? found)
    {
        int count = Count;
        if (count == 0) return false;
        using ILogFile file = OpenToRead();
        var reader = new Reader(file, count);
        try
        {
            for (int i = FirstEndingAt(ref reader, startOffset); i < count; i++)
            {
                // Cut meanwhile: what a truncation took is fenced by the owner.
                if (!reader.TryRead(i, out AbortedTransaction entry)) return false;
                if (entry.FirstOffset < upperBound) (found ??= []).Add(entry);
                if (entry.LastStableOffset >= upperBound) return true;
            }

            return false;
        }
        finally
        {
            reader.Dispose();
        }
    }

    /// <summary>All entries, for whoever rewrites the segment.</summary>
    public IReadOnlyList<AbortedTransaction> ReadAll()
    {
        List<AbortedTransaction>? all = null;
        Collect(long.MinValue, long.MaxValue, ref all);
        return all ?? [];
    }

    /// <summary>The file, for a flush that outlives the log's gate; null when it has nothing that is not on the disk.</summary>
    public IndexFlush? OpenForFlush() =>
        _flushed == _written || !fileSystem.FileExists(Path) ? null : new IndexFlush(this, fileSystem.Open(Path), _written);

    /// <inheritdoc/>
    public void NoteFlushed(int version) => _flushed = Math.Max(_flushed, version);

    public void Relocate(string path)
    {
        lock (_naming) Volatile.Write(ref _path, path);
    }

    /// <summary>Renames the file; who is about to read it finds it by its new name. False when there is none.</summary>
    public bool Rename(string path)
    {
        lock (_naming)
        {
            bool exists = fileSystem.FileExists(_path);
            if (exists) fileSystem.Rename(_path, path);
            Volatile.Write(ref _path, path);
            return exists;
        }
    }

    // Without the lock, in which a reader would wait for the disk: what the name led to counts only if it was this file's name all along.
    private ILogFile OpenToRead()
    {
        while (true)
        {
            string path = Path;
            ILogFile file;
            try
            {
                file = fileSystem.Open(path);
            }
            catch (StorageException e) when (e.IsNotFound && HasLeft(path))
            {
                continue;
            }

            if (ReferenceEquals(path, Path)) return file;
            file.Dispose();
        }
    }

    private bool HasLeft(string path)
    {
        lock (_naming) return !ReferenceEquals(path, _path);
    }

    private ILogFile OpenOrCreate()
    {
        if (fileSystem.FileExists(Path)) return fileSystem.Open(Path);
        ILogFile file = fileSystem.CreateNew(Path);
        _made = true;
        return file;
    }

    private bool TakeMade()
    {
        bool made = _made;
        _made = false;
        return made;
    }

    private static bool IsPlausible(in AbortedTransaction entry) =>
        entry.ProducerId >= 0 && entry.FirstOffset >= 0 && entry.FirstOffset <= entry.LastOffset
        && entry.LastStableOffset >= 0 && entry.LastStableOffset <= entry.LastOffset + 1;

    private static void Format(in AbortedTransaction entry, Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt16BigEndian(bytes, CurrentVersion);
        BinaryPrimitives.WriteInt64BigEndian(bytes[2..], entry.ProducerId);
        BinaryPrimitives.WriteInt64BigEndian(bytes[10..], entry.FirstOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes[18..], entry.LastOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes[26..], entry.LastStableOffset);
    }

    /// <summary>The index of the first entry whose marker lies at the offset or later; the count when there is none.</summary>
    private static int FirstEndingAt(ref Reader reader, long offset)
    {
        int low = 0;
        int high = reader.Count;
        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            if (reader.TryRead(middle, out AbortedTransaction entry) && entry.LastOffset < offset) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    /// <summary>Reads entries through a pooled buffer that holds some neighbours of the last one read.</summary>
    private ref struct Reader(ILogFile file, int count)
    {
        private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(EntriesPerRead * EntrySize);
        private int _first;
        private int _held;

        public readonly int Count => count;

        /// <summary>False when the file ends before the entry, or the entry is of an unknown version.</summary>
        public bool TryRead(int index, out AbortedTransaction entry)
        {
            entry = default;
            if (index < _first || index >= _first + _held)
            {
                _first = count <= EntriesPerRead ? 0 : index;
                int wanted = Math.Min(EntriesPerRead, count - _first);
                _held = file.Read(_buffer.AsSpan(0, wanted * EntrySize), (long)_first * EntrySize) / EntrySize;
                if (index >= _first + _held) return false;
            }

            ReadOnlySpan<byte> bytes = _buffer.AsSpan((index - _first) * EntrySize, EntrySize);
            entry = new AbortedTransaction(
                BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
                BinaryPrimitives.ReadInt64BigEndian(bytes[10..]),
                BinaryPrimitives.ReadInt64BigEndian(bytes[18..]),
                BinaryPrimitives.ReadInt64BigEndian(bytes[26..]));
            return BinaryPrimitives.ReadInt16BigEndian(bytes) == CurrentVersion;
        }

        public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
    }
}
