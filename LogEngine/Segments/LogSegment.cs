using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// One <c>.log</c> file with its indexes. One writer at a time, under the log's gate; readers take no lock. The end offset and
/// the size are published together after the bytes they cover and after the index entries, so that a reader who sees an offset
/// finds its bytes.
/// </summary>
internal sealed class LogSegment : IIndexedSegment
{
    private readonly Lock _loading = new();
    private readonly SegmentEnd _end;
    private readonly SegmentSpace _space = new();
    private int _bytesSinceIndexEntry;
    private TimePosition _largest;
    private bool _largestKnown;
    private volatile bool _indexesReady;

    private LogSegment(long baseOffset, SegmentFile file, SegmentEnd end, OffsetIndex offsets, TimeIndex times, TransactionIndex transactions)
    {
        BaseOffset = baseOffset;
        File = file;
        _end = end;
        Offsets = offsets;
        Times = times;
        Transactions = transactions;
        offsets.Owner = this;
        times.Owner = this;
    }

    public long BaseOffset { get; }

    public SegmentFile File { get; }

    public OffsetIndex Offsets { get; }

    public TimeIndex Times { get; }

    public TransactionIndex Transactions { get; }

    /// <summary>The batches' total size in bytes.</summary>
    public int Size => _end.Read().Size;

    /// <summary>The offset after the last batch; the base offset when empty.</summary>
    public long EndOffset => _end.Read().Offset;

    /// <summary>When the segment was made or found, by <see cref="LogEnvironment.ElapsedMs"/>: what counts for <c>segment.ms</c> without timestamps.</summary>
    public long CreatedMs { get; private init; }

    /// <summary>Whether the indexes were made from the batches since the log was opened: another time gives no others.</summary>
    public bool IndexesRebuilt { get; set; }

    /// <summary>
    /// Whether no batch follows and the indexes were on the disk before the recovery point passed the segment: the last note of the
    /// time index is then the largest timestamp of all, unless the file was changed since.
    /// </summary>
    public bool WasSealed { get; private init; }

    /// <summary>What this segment takes off <c>segment.ms</c>, milliseconds.</summary>
    public long RollJitterMs { get; private init; }

    /// <summary>The largest timestamp of the first append, read from the first batch after a restart; null when empty.</summary>
    public long? FirstTimestamp { get; private set; }

    /// <summary>Makes the files of an empty segment, whose names bear the suffix <paramref name="stage"/> while they count for nothing.</summary>
    public static LogSegment Create(LogEnvironment environment, string directory, long baseOffset, LogConfig config, string stage = "")
    {
        ILogFileSystem fs = environment.FileSystem;
        string path = SegmentFileNames.For(directory, baseOffset, SegmentFileNames.Log, stage);
        // A file of this name that is in no list is what a failed roll left.
        fs.DeleteFile(path);
        var segment = new LogSegment(
            baseOffset,
            SegmentFile.Create(fs, path, environment.Budget.Files),
            new SegmentEnd(baseOffset, 0),
            OpenOffsets(environment, directory, baseOffset, config, stage),
            OpenTimes(environment, directory, baseOffset, config, stage),
            OpenTransactions(environment, directory, baseOffset, stage))
        {
            CreatedMs = environment.ElapsedMs,
            RollJitterMs = Jitter(environment, config),
            _indexesReady = true,
            _largestKnown = true,
            _largest = new TimePosition(-1, baseOffset),
        };
        try
        {
            segment.Offsets.Create();
            segment.Times.Create();
            if (config.Preallocate) segment.ReserveAll(config.SegmentBytes);
        }
        catch (StorageException)
        {
            segment.Release();
            DeleteQuietly(fs, path, segment.Offsets.Path, segment.Times.Path);
            throw;
        }

        return segment;
    }

    /// <summary>A segment found on disk; its end is <paramref name="endOffset"/> until a scan finds better.</summary>
    public static LogSegment Open(
        LogEnvironment environment, string directory, long baseOffset, int size, long endOffset, LogConfig config, bool wasSealed = false)
    {
        ILogFileSystem fs = environment.FileSystem;
        return new LogSegment(
            baseOffset,
            new SegmentFile(fs, SegmentFileNames.For(directory, baseOffset, SegmentFileNames.Log), environment.Budget.Files),
            new SegmentEnd(endOffset, size),
            OpenOffsets(environment, directory, baseOffset, config),
            OpenTimes(environment, directory, baseOffset, config),
            OpenTransactions(environment, directory, baseOffset))
        {
            WasSealed = wasSealed,
            CreatedMs = environment.ElapsedMs,
            RollJitterMs = Jitter(environment, config),
        };
    }

    /// <summary>Whether an offset's distance from the base fits an index entry.</summary>
    public bool CanHold(long offset) => offset - BaseOffset is >= 0 and <= int.MaxValue;

    public (long Offset, int Size) ReadEnd() => _end.Read();

    /// <summary>
    /// Under the gate: has in memory what an append needs of the indexes, and keeps it there until the segment ends: nothing can fail
    /// once the batches are in the file.
    /// </summary>
    /// <exception cref="CorruptIndexException">They are missing or wrong.</exception>
    public void PrepareToGrow()
    {
        HoldIndexes();
        _ = LargestTimestamp();
    }

    /// <summary>Under the gate: reads the indexes, if need be, and keeps them in memory until the segment ends.</summary>
    /// <exception cref="CorruptIndexException">They are missing or wrong.</exception>
    public void HoldIndexes()
    {
        EnsureIndexes();
        Offsets.Hold();
        Times.Hold();
    }

    /// <summary>Writes whole batches, whose offsets are final, behind the last one.</summary>
    public void Append(ReadOnlySpan<byte> batches, LogConfig config)
    {
        int position = _end.Read().Size;
        PrepareToGrow();
        ILogFile file = Acquire();
        try
        {
            _space.EnsureFor(file, position, batches.Length, config.SegmentBytes);
            file.Write(batches, position);
        }
        catch (StorageException)
        {
            // What a full disk took of the batches goes again, so that the file ends with a batch.
            file.SetLength(position);
            _space.Forget(position);
            throw;
        }
        finally
        {
            File.Release();
        }

        long endOffset = 0;
        int end = position + batches.Length;
        while (position < end)
        {
            if (!BatchHeader.TryParse(batches, out BatchHeader header)) throw new ArgumentException("not a whole batch", nameof(batches));
            NoteBatch(header, position, config.IndexIntervalBytes);
            endOffset = header.NextOffset;
            position += header.SizeInBytes;
            batches = batches[header.SizeInBytes..];
        }

        _end.Publish(endOffset, end);
    }

    /// <summary>Counts a batch that lies at <paramref name="position"/> towards the indexes and the largest timestamp.</summary>
    public void NoteBatch(in BatchHeader header, int position, int indexIntervalBytes)
    {
        if (position == 0) FirstTimestamp = header.MaxTimestamp;
        NoteTimestamp(header);
        if (_bytesSinceIndexEntry > indexIntervalBytes && !Offsets.IsFull)
        {
            Offsets.Append(header.LastOffset, position);
            TimePosition largest = LargestTimestamp();
            Times.MaybeAppend(largest.Timestamp, largest.Offset);
            _bytesSinceIndexEntry = 0;
        }

        _bytesSinceIndexEntry += header.SizeInBytes;
    }

    /// <summary>
    /// The largest timestamp and where it was first reached; (-1, base offset) when there is none. The first use after a restart
    /// looks at the batches behind the last note of the time index, so that a shortened index hides no record.
    /// </summary>
    public TimePosition LargestTimestamp()
    {
        lock (_loading)
        {
            if (_largestKnown) return _largest;
        }

        EnsureIndexes();
        TimePosition largest = LargestOnDisk();
        lock (_loading)
        {
            if (!_largestKnown) (_largest, _largestKnown) = (largest, true);
            return _largest;
        }
    }

    public ILogFile Acquire() =>
        File.TryAcquire(out ILogFile file) ? file : throw new SegmentClosedException();

    /// <summary>The segment's own hold on its file and indexes ends.</summary>
    public void Release()
    {
        File.Retire();
        Offsets.Release();
        Times.Release();
    }

    /// <inheritdoc/>
    public Exception CorruptIndex() => new CorruptIndexException(this);

    /// <inheritdoc/>
    public Exception Closed() => new SegmentClosedException();

    /// <summary>Reads the indexes on first use.</summary>
    /// <exception cref="CorruptIndexException">They are missing or wrong.</exception>
    public void EnsureIndexes()
    {
        if (_indexesReady) return;
        lock (_loading)
        {
            if (_indexesReady) return;
            int size = Size;
            if (!Offsets.TryLoad(size) || !Times.TryLoad(size)) throw new CorruptIndexException(this);
            _indexesReady = true;
        }
    }

    /// <summary>Forgets what is known of the batches, before they are noted again one by one.</summary>
    public void ResetIndexes()
    {
        lock (_loading)
        {
            Offsets.Reset();
            Times.Reset();
            _bytesSinceIndexEntry = 0;
            _largest = new TimePosition(-1, BaseOffset);
            _largestKnown = true;
            FirstTimestamp = null;
            _indexesReady = true;
        }
    }

    /// <summary>
    /// The same batches with indexes of their own, in memory only, where they can be made anew while this one is in use. It holds
    /// nothing; its file is open as long as somebody holds that.
    /// </summary>
    public LogSegment Shadow(LogEnvironment environment, LogConfig config)
    {
        (long offset, int size) = _end.Read();
        string directory = Path.GetDirectoryName(File.Path)!;
        return new LogSegment(
            BaseOffset,
            File,
            new SegmentEnd(offset, size),
            OpenOffsets(environment, directory, BaseOffset, config),
            OpenTimes(environment, directory, BaseOffset, config),
            Transactions);
    }

    /// <summary>Under the gate: takes over what was found of the batches in a <see cref="Shadow"/>.</summary>
    public void TakeOver(LogSegment shadow)
    {
        lock (_loading)
        {
            Offsets.TakeOver(shadow.Offsets);
            Times.TakeOver(shadow.Times);
            _bytesSinceIndexEntry = shadow._bytesSinceIndexEntry;
            (_largest, _largestKnown) = (shadow._largest, true);
            FirstTimestamp = shadow.FirstTimestamp;
            _indexesReady = true;
        }
    }

    /// <summary>Sets where the segment ends, as a scan found it.</summary>
    public void SetEnd(long endOffset, int size) => _end.Publish(endOffset, size);

    /// <summary>Cuts the file and the indexes at a batch's start, whose first lost offset is <paramref name="offset"/>.</summary>
    public void TruncateAt(int position, long offset)
    {
        EnsureIndexes();
        // First: fewer entries than there could be do no harm to anyone, whatever happens next.
        Offsets.TruncateTo(offset);
        Times.TruncateTo(offset);
        ILogFile file = Acquire();
        try
        {
            file.SetLength(position);
            // What is cut must not come back by a power loss: other records may get its offsets.
            file.Flush();
        }
        finally
        {
            File.Release();
        }

        _end.Publish(offset, position);
        _space.Forget(position);
        Transactions.TruncateTo(offset);
        _bytesSinceIndexEntry = 0;
        // An offset that is gone may have had the largest timestamp: what the index still says is a lower bound, which the
        // batches since its last entry complete.
        SetLargest(Times.Last());
        if (position == 0) FirstTimestamp = null;
    }

    /// <summary>
    /// Takes batches after the last index entry into account again, as after a restart or a cut, and sets the end offset by them.
    /// False when the bytes there are not batches to the last one.
    /// </summary>
    public bool TryNoteTail(int indexIntervalBytes)
    {
        long end = BaseOffset;
        ILogFile file = Acquire();
        var scanner = new BatchScanner(file, Offsets.Last().Position, Size);
        try
        {
            bool first = Offsets.Count > 0;
            ScanStatus status;
            while ((status = scanner.MoveNext()) == ScanStatus.Found)
            {
                if (scanner.Header.BaseOffset < end || !CanHold(scanner.Header.LastOffset)) return false;
                if (first && scanner.Header.BaseOffset > Offsets.Last().Offset) return false;
                end = scanner.Header.NextOffset;
                // The indexed batch itself is already counted, except for its timestamp.
                if (first)
                {
                    NoteTimestamp(scanner.Header);
                    _bytesSinceIndexEntry = scanner.Header.SizeInBytes;
                    first = false;
                    continue;
                }

                NoteBatch(scanner.Header, scanner.Position, indexIntervalBytes);
            }

            if (status == ScanStatus.EndOfSegment) _end.Publish(end, Size);
            return status == ScanStatus.EndOfSegment;
        }
        finally
        {
            scanner.Dispose();
            File.Release();
        }
    }

    /// <summary>Reads the first batch's timestamp when a restart forgot it.</summary>
    public void LoadFirstTimestamp()
    {
        if (FirstTimestamp is not null || Size == 0) return;
        ILogFile file = Acquire();
        var scanner = new BatchScanner(file, 0, Size);
        try
        {
            if (scanner.MoveNext() == ScanStatus.Found) FirstTimestamp = scanner.Header.MaxTimestamp;
        }
        finally
        {
            scanner.Dispose();
            File.Release();
        }
    }

    /// <summary>No batch follows: notes the largest timestamp and gives back space held ahead.</summary>
    public void Seal()
    {
        if (_indexesReady)
        {
            TimePosition largest = LargestTimestamp();
            if (largest.Timestamp >= 0) Times.MaybeAppend(largest.Timestamp, largest.Offset, force: true);
            Offsets.Seal();
            Times.Seal();
        }

        if (!_space.IsHeld) return;
        ILogFile file = Acquire();
        try
        {
            file.SetLength(Size);
            _space.Forget(Size);
        }
        finally
        {
            File.Release();
        }
    }

    /// <summary>
    /// Under the gate: gives the files the suffix <paramref name="stage"/>, empty for none; returns their paths. When one cannot be
    /// renamed, the others keep their names.
    /// </summary>
    public List<string> MoveTo(string stage)
    {
        (string From, string To, Func<string, bool> Rename)[] files =
        [
            At(SegmentFileNames.Log, File.Path, path =>
            {
                File.Rename(path);
                return true;
            }),
            At(SegmentFileNames.OffsetIndex, Offsets.Path, Offsets.Rename),
            At(SegmentFileNames.TimeIndex, Times.Path, Times.Rename),
            At(SegmentFileNames.TransactionIndex, Transactions.Path, Transactions.Rename),
        ];
        var moved = new List<string>();
        int done = 0;
        try
        {
            for (; done < files.Length; done++)
            {
                if (files[done].Rename(files[done].To)) moved.Add(files[done].To);
            }

            return moved;
        }
        catch (StorageException)
        {
            while (--done >= 0) files[done].Rename(files[done].From);
            throw;
        }

        (string From, string To, Func<string, bool> Rename) At(string suffix, string from, Func<string, bool> rename) =>
            (from, SegmentFileNames.For(Path.GetDirectoryName(from)!, BaseOffset, suffix, stage), rename);
    }

    /// <summary>Deletes the files of a segment that is in no list.</summary>
    public void DeleteFiles(ILogFileSystem fileSystem)
    {
        DeleteIndexes(fileSystem);
        fileSystem.DeleteFile(File.Path);
    }

    /// <summary>Deletes the indexes of a segment that is in no list.</summary>
    public void DeleteIndexes(ILogFileSystem fileSystem)
    {
        fileSystem.DeleteFile(Offsets.Path);
        fileSystem.DeleteFile(Times.Path);
        fileSystem.DeleteFile(Transactions.Path);
    }

    /// <summary>Returns when the sealed segment with its indexes is on the disk, but for their names.</summary>
    public void FlushAll()
    {
        ILogFile file = Acquire();
        try
        {
            file.Flush();
        }
        finally
        {
            File.Release();
        }

        FlushIndexes();
    }

    /// <summary>
    /// Under the gate: returns when the indexes are on the disk. Of a sealed segment no later start makes them anew unless they are
    /// plainly wrong, and what an earlier stop left of them may look right.
    /// </summary>
    public void FlushIndexes()
    {
        Flush(Offsets.OpenForFlush());
        Flush(Times.OpenForFlush());
        Flush(Transactions.OpenForFlush());
    }

    private static void Flush(IndexFlush? index)
    {
        if (index is not { } flush) return;
        using ILogFile file = flush.File;
        file.Flush();
        flush.Index.NoteFlushed(flush.Version);
    }

    private void ReserveAll(int bytes)
    {
        ILogFile file = Acquire();
        try
        {
            _space.Reserve(file, 0, bytes);
        }
        finally
        {
            File.Release();
        }
    }

    // Two words that readers take together: a short lock keeps them so.
    private void SetLargest(TimePosition largest)
    {
        lock (_loading) (_largest, _largestKnown) = (largest, true);
    }

    private TimePosition LargestOnDisk()
    {
        TimePosition noted = Times.Last();
        int position = Offsets.Lookup(noted.Offset).Position;
        int last = Offsets.Last().Position;
        // Where the end of the segment has nothing later, the last note is that of the seal; a cut index of times that rise has lost it.
        if (WasSealed && last > position && noted.Timestamp >= 0 && Has(noted) && LargestSince(last, noted, out _) == noted) return noted;
        TimePosition largest = LargestSince(position, noted, out bool believed);
        // An index of another segment would have this one kept too long, or deleted too early.
        return believed ? largest : throw new CorruptIndexException(this);
    }

    /// <summary>Whether the batch that a note names has its timestamp.</summary>
    private bool Has(TimePosition noted)
    {
        ILogFile file = Acquire();
        try
        {
            return SegmentReads.TryLocate(this, file, noted.Offset, Size, out BatchPosition found)
                && found.Header.BaseOffset <= noted.Offset && found.Header.MaxTimestamp == noted.Timestamp;
        }
        finally
        {
            File.Release();
        }
    }

    /// <summary>The largest of a note and the batches from a position on, one of which has it if it is <paramref name="believed"/>.</summary>
    private TimePosition LargestSince(int position, TimePosition noted, out bool believed)
    {
        TimePosition largest = noted;
        believed = noted.Timestamp < 0;
        ILogFile file = Acquire();
        var scanner = new BatchScanner(file, position, Size);
        try
        {
            while (scanner.MoveNext() == ScanStatus.Found && CanHold(scanner.Header.LastOffset))
            {
                believed |= scanner.Header.BaseOffset <= noted.Offset && scanner.Header.LastOffset >= noted.Offset
                    && scanner.Header.MaxTimestamp == noted.Timestamp;
                if (scanner.Header.MaxTimestamp > largest.Timestamp)
                    largest = new TimePosition(scanner.Header.MaxTimestamp, scanner.Header.LastOffset);
            }

            return largest;
        }
        finally
        {
            scanner.Dispose();
            File.Release();
        }
    }

    private void NoteTimestamp(in BatchHeader header)
    {
        if (header.MaxTimestamp > LargestTimestamp().Timestamp) SetLargest(new TimePosition(header.MaxTimestamp, header.LastOffset));
    }

    // What stays behind all the same is replaced by the next attempt or ignored by the next start.
    private static void DeleteQuietly(ILogFileSystem fileSystem, params ReadOnlySpan<string> paths)
    {
        foreach (string path in paths)
        {
            try
            {
                fileSystem.DeleteFile(path);
            }
            catch (StorageException)
            {
                // The failure that led here is the one to tell.
            }
        }
    }

    private static OffsetIndex OpenOffsets(
        LogEnvironment environment, string directory, long baseOffset, LogConfig config, string stage = "") => new(
        environment.FileSystem,
        SegmentFileNames.For(directory, baseOffset, SegmentFileNames.OffsetIndex, stage),
        baseOffset,
        config.SegmentIndexBytes,
        environment.Budget.Indexes);

    private static TimeIndex OpenTimes(
        LogEnvironment environment, string directory, long baseOffset, LogConfig config, string stage = "") => new(
        environment.FileSystem,
        SegmentFileNames.For(directory, baseOffset, SegmentFileNames.TimeIndex, stage),
        baseOffset,
        config.SegmentIndexBytes,
        environment.Budget.Indexes);

    private static TransactionIndex OpenTransactions(LogEnvironment environment, string directory, long baseOffset, string stage = "") =>
        new(environment.FileSystem, SegmentFileNames.For(directory, baseOffset, SegmentFileNames.TransactionIndex, stage), baseOffset);

    private static long Jitter(LogEnvironment environment, LogConfig config)
    {
        long most = Math.Min(config.SegmentJitterMs, config.RollMs);
        return most <= 0 ? 0 : environment.NextRandom(most);
    }
}
