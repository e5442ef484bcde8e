using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// The segments of one log, as a sorted array that is replaced at every change: readers take it once and search it without a
/// lock; the writer, under the log's gate, makes the next one. There is always an active segment, the last.
/// </summary>
internal sealed class SegmentStore(LogEnvironment environment, string directory, LogSegment[] segments)
{
    // The producers at a segment's start are of no use without it. The log goes first: a segment never stands without its aborted
    // transactions.
    private static readonly string[] WithSnapshot = [.. SegmentFileNames.AllSuffixes, SegmentFileNames.ProducerSnapshot];

    private volatile LogSegment[] _segments = segments;
    private SegmentReplacement? _replacement;
    private int _namesChanged;
    private int _namesFlushed;

    public string Directory { get; private set; } = directory;

    /// <summary>Whether a file name in the directory is not known to be on the disk.</summary>
    public bool NamesDirty => _namesChanged != _namesFlushed;

    /// <summary>Which change of names was the last: what a flush that starts now covers.</summary>
    public int NamesVersion => _namesChanged;

    public ReadOnlySpan<LogSegment> All => _segments;

    public LogSegment[] Snapshot => _segments;

    public LogSegment Active => _segments[^1];

    /// <summary>The index of the segment with the largest base offset at or below the offset; -1 when all are above.</summary>
    public static int Floor(LogSegment[] segments, long offset)
    {
        int low = 0;
        int high = segments.Length;
        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            if (segments[middle].BaseOffset <= offset) low = middle + 1;
            else high = middle;
        }

        return low - 1;
    }

    public long TotalSize()
    {
        long total = 0;
        foreach (LogSegment segment in _segments) total += segment.Size;
        return total;
    }

    /// <summary>Ends the active segment and starts one at <paramref name="baseOffset"/>.</summary>
    public void Roll(long baseOffset, LogConfig config)
    {
        LogSegment[] old = _segments;
        LogSegment active = old[^1];
        if (active.BaseOffset == baseOffset)
        {
            Replace(old, baseOffset, config);
            return;
        }

        active.Seal();
        LogSegment fresh = LogSegment.Create(environment, Directory, baseOffset, config);
        MarkNamesDirty();
        _segments = [.. old, fresh];
    }

    /// <summary>
    /// Takes the first <paramref name="count"/> segments out of the list and marks their files deleted, the oldest first, so that a
    /// crash leaves no gap.
    /// </summary>
    public void RemoveFirst(int count, LogConfig config)
    {
        SettleReplacement();
        LogSegment[] old = _segments;
        // One by one: a failure leaves a list that is as the directory is.
        for (int i = 0; i < count; i++)
        {
            List<string> moved = MoveAside(old[i], WithSnapshot);
            _segments = old[(i + 1)..];
            Gone(old[i], moved, config);
        }
    }

    /// <summary>Keeps the first <paramref name="count"/> segments; files of the others are deleted at once.</summary>
    public void KeepFirst(int count, LogConfig config)
    {
        SettleReplacement();
        LogSegment[] old = _segments;
        for (int i = old.Length - 1; i >= count; i--)
        {
            List<string> moved = MoveAside(old[i], WithSnapshot);
            _segments = old[..i];
            Gone(old[i], moved, config);
        }
    }

    /// <summary>Drops everything and starts with an empty segment at <paramref name="baseOffset"/>.</summary>
    public void StartOver(long baseOffset, LogConfig config)
    {
        KeepFirst(1, config);
        Replace(_segments, baseOffset, config);
    }

    /// <summary>Brings the names in the directory to the disk; the file of the topic id and the directory's own name are not covered.</summary>
    public void FlushNames() => environment.FileSystem.FlushDirectory(Directory);

    /// <summary>
    /// Under the gate: begins to put a segment, which is on the disk as <c>.cleaned</c>, in the place of others: from now on the next
    /// start does so. False when those are no neighbours in the list any more, or one of them is active. The directory is flushed
    /// outside the gate between this step and each of the next two.
    /// </summary>
    public bool TryBeginReplacement(LogSegment[] old, LogSegment fresh)
    {
        SettleReplacement();
        LogSegment[] all = _segments;
        int first = Array.IndexOf(all, old[0]);
        if (first < 0 || first + old.Length >= all.Length || !all.AsSpan(first, old.Length).SequenceEqual(old)) return false;
        var replacement = new SegmentReplacement(old, fresh);
        replacement.Begin();
        _replacement = replacement;
        return true;
    }

    /// <summary>Under the gate: takes the segment into the list. False when the replacement was called off meanwhile.</summary>
    public bool TryPublishReplacement(LogSegment fresh, LogConfig config)
    {
        if (_replacement is not { } replacement || replacement.Fresh != fresh) return false;
        LogSegment[] all = _segments;
        int first = Array.IndexOf(all, replacement.Old[0]);
        int next = first + replacement.Old.Length;
        // The gap that compaction leaves belongs to the segment before it.
        fresh.SetEnd(all[next].BaseOffset, fresh.Size);
        MarkNamesDirty();
        List<string> moved = replacement.SetOldAside();
        _segments = [.. all[..first], fresh, .. all[next..]];
        foreach (string path in moved) environment.Deletions.AddFile(path, config.FileDeleteDelayMs);
        foreach (LogSegment segment in replacement.Old) segment.Release();
        return true;
    }

    /// <summary>
    /// Under the gate, at the end of a replacement or before the log is cut: a segment in the list gets its bare name; one that is
    /// not there yet is called off, so that it does not bring back at the next start what the cut takes.
    /// </summary>
    public void SettleReplacement()
    {
        if (_replacement is not { } replacement) return;
        replacement.Settle(environment.FileSystem, Directory);
        MarkNamesDirty();
        _replacement = null;
    }

    /// <summary>Under the gate: a file name was made, changed or is not known to be on the disk.</summary>
    public void MarkNamesDirty() => _namesChanged++;

    /// <summary>Under the gate: the names as they were at <paramref name="version"/> are on the disk.</summary>
    public void NoteNamesFlushed(int version) => _namesFlushed = Math.Max(_namesFlushed, version);

    /// <summary>The directory has a new name.</summary>
    public void Relocate(string directory)
    {
        Directory = directory;
        foreach (LogSegment segment in _segments)
        {
            segment.File.Relocate(SegmentFileNames.For(directory, segment.BaseOffset, SegmentFileNames.Log));
            segment.Offsets.Relocate(SegmentFileNames.For(directory, segment.BaseOffset, SegmentFileNames.OffsetIndex));
            segment.Times.Relocate(SegmentFileNames.For(directory, segment.BaseOffset, SegmentFileNames.TimeIndex));
            segment.Transactions.Relocate(SegmentFileNames.For(directory, segment.BaseOffset, SegmentFileNames.TransactionIndex));
        }
    }

    /// <summary>Lets go of all files; slices in use keep theirs.</summary>
    public void Release()
    {
        foreach (LogSegment segment in _segments) segment.Release();
    }

    /// <summary>
    /// The active segment makes way for an empty one, perhaps of the same name. If that cannot be made, it gets its names back: what
    /// is appended to it next must be found again.
    /// </summary>
    private void Replace(LogSegment[] old, long baseOffset, LogConfig config)
    {
        LogSegment active = old[^1];
        List<string> moved = MoveAside(active, SegmentFileNames.AllSuffixes);
        MarkNamesDirty();
        LogSegment fresh;
        try
        {
            fresh = LogSegment.Create(environment, Directory, baseOffset, config);
        }
        catch (StorageException)
        {
            GiveBack(moved);
            throw;
        }

        _segments = [.. old[..^1], fresh];
        DeleteLater(moved, config);
        active.Release();
    }

    private void Gone(LogSegment segment, List<string> moved, LogConfig config)
    {
        DeleteLater(moved, config);
        MarkNamesDirty();
        segment.Release();
    }

    private void DeleteLater(List<string> moved, LogConfig config)
    {
        foreach (string path in moved) environment.Deletions.AddFile(path + SegmentFileNames.Deleted, config.FileDeleteDelayMs);
    }

    private List<string> MoveAside(LogSegment segment, string[] suffixes)
    {
        ILogFileSystem fs = environment.FileSystem;
        var moved = new List<string>();
        foreach (string suffix in suffixes)
        {
            string path = SegmentFileNames.For(Directory, segment.BaseOffset, suffix);
            if (!fs.FileExists(path)) continue;
            try
            {
                fs.Rename(path, path + SegmentFileNames.Deleted);
            }
            catch (StorageException)
            {
                GiveBack(moved);
                throw;
            }

            moved.Add(path);
        }

        return moved;
    }

    private void GiveBack(List<string> moved)
    {
        foreach (string path in moved) environment.FileSystem.Rename(path + SegmentFileNames.Deleted, path);
    }
}
