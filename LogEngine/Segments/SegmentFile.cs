using System.Diagnostics;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// The counted handle of a segment's <c>.log</c> file. It opens on first use and closes when the budget of open files asks for it;
/// the segment has a hold of its own, and every slice in use a reference. While there is a reference, or a write that no flush has
/// covered, it stays open, also when the segment lets go first; the last one to let go closes it for good. Deleting or renaming the
/// file does not disturb holders.
/// </summary>
internal sealed class SegmentFile : BudgetEntry
{
    // In place of the count while an idle file is being closed, under _opening.
    private const int Closing = int.MinValue;
    // The segment's own hold, apart from the references: a count of one alone does not tell whose it is, and a file that the segment
    // let go of and a reader still uses is not idle.
    private const int OwnHold = 1 << 30;

    private readonly ILogFileSystem _fileSystem;
    private readonly ClockBudget _budget;
    private readonly Lock _opening = new();
    private TrackedFile? _file;
    // The references and, while it lasts, the segment's own hold.
    private int _holds = OwnHold;

    public SegmentFile(ILogFileSystem fileSystem, string path, ClockBudget budget)
    {
        _fileSystem = fileSystem;
        _budget = budget;
        Path = path;
    }

    public string Path { get; private set; }

    /// <summary>Whether a flush has covered all writes; so it has where the file is not open.</summary>
    public bool IsClean => Volatile.Read(ref _file) is not { IsClean: false };

    /// <summary>Makes the file, which must not exist, and leaves it open.</summary>
    public static SegmentFile Create(ILogFileSystem fileSystem, string path, ClockBudget budget)
    {
        var segment = new SegmentFile(fileSystem, path, budget);
        // In use until it is open, so that it is not chosen to be closed.
        segment._holds = OwnHold + 1;
        segment.Open(fileSystem.CreateNew);
        segment.Release();
        return segment;
    }

    /// <summary>Takes a reference; false once the segment and all holders have let go.</summary>
    public bool TryAcquire(out ILogFile file)
    {
        int count = Volatile.Read(ref _holds);
        while (count != 0)
        {
            if (count == Closing)
            {
                count = CountAfterClosing();
                continue;
            }

            int seen = Interlocked.CompareExchange(ref _holds, count + 1, count);
            if (seen != count)
            {
                count = seen;
                continue;
            }

            MarkUsed();
            try
            {
                file = Volatile.Read(ref _file) ?? Open(_fileSystem.Open);
                return true;
            }
            catch
            {
                Release();
                throw;
            }
        }

        file = null!;
        return false;
    }

    /// <summary>Gives a reference back.</summary>
    public void Release()
    {
        int left = LetGo(1);
        if (left == OwnHold && _budget.IsOver) CloseIdle();
    }

    /// <summary>The segment's own hold ends, if it has not: the file closes with the last reference and is not opened again.</summary>
    public void Retire() => LetGo(OwnHold);

    /// <summary>Renames the file; open handles follow it.</summary>
    public void Rename(string path)
    {
        lock (_opening)
        {
            _fileSystem.Rename(Path, path);
            Path = path;
        }
    }

    /// <summary>The file's directory has a new name.</summary>
    public void Relocate(string path)
    {
        lock (_opening) Path = path;
    }

    /// <inheritdoc/>
    internal override bool TryBeginEviction()
    {
        if (!_opening.TryEnter()) return false;
        if (_file is { IsClean: true } && Interlocked.CompareExchange(ref _holds, Closing, OwnHold) == OwnHold)
        {
            // A write may have come and gone before the count was taken.
            if (_file.IsClean) return true;
            Volatile.Write(ref _holds, OwnHold);
        }

        _opening.Exit();
        return false;
    }

    /// <inheritdoc/>
    internal override void FinishEviction()
    {
        TrackedFile? file = _file;
        _file = null;
        file?.Dispose();
        Volatile.Write(ref _holds, OwnHold);
        _opening.Exit();
    }

    // Returns what is left.
    private int LetGo(int hold)
    {
        int count = Volatile.Read(ref _holds);
        while (true)
        {
            if (count == Closing)
            {
                count = CountAfterClosing();
                continue;
            }

            if (hold == OwnHold && count < OwnHold) return count;
            Debug.Assert(count % OwnHold > 0 || hold == OwnHold, "a segment file is released more often than it is acquired");
            int seen = Interlocked.CompareExchange(ref _holds, count - hold, count);
            if (seen == count) break;
            count = seen;
        }

        if (count == hold)
        {
            Volatile.Read(ref _file)?.Dispose();
            _budget.Remove(this);
        }

        return count - hold;
    }

    private void CloseIdle()
    {
        if (!TryBeginEviction()) return;
        TrackedFile? file = _file;
        _file = null;
        file?.Dispose();
        // Not after the count is back: who opens it again lists it again.
        _budget.Remove(this);
        FinishEviction();
    }

    private int CountAfterClosing()
    {
        lock (_opening) return Volatile.Read(ref _holds);
    }

    // A reference is held: the file is not idle meanwhile.
    private TrackedFile Open(Func<string, ILogFile> open)
    {
        lock (_opening)
        {
            if (_file is { } present) return present;
            // First the room, then the file.
            _budget.Admit(this, 1);
            try
            {
                var file = new TrackedFile(OpenWithRoom(open));
                Volatile.Write(ref _file, file);
                return file;
            }
            catch
            {
                _budget.Remove(this);
                throw;
            }
        }
    }

    private ILogFile OpenWithRoom(Func<string, ILogFile> open)
    {
        while (true)
        {
            try
            {
                return open(Path);
            }
            catch (StorageException e) when (e.IsOutOfHandles && _budget.TryEvictOne())
            {
                // Sockets took what the budget counted on: one handle less, and again.
            }
        }
    }
}
