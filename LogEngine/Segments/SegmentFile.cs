using System.Diagnostics;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// The counted handle of a segment's <c>.log</c> file. It opens on first use and closes when the budget of open files asks for it;
/// the segment holds one reference, every slice in use another, and while there is another, or a write that no flush has covered,
/// it stays open. The last one to let go closes it for good. Deleting or renaming the file does not disturb holders.
/// </summary>
internal sealed class SegmentFile : BudgetEntry
{
    // In place of the count while an idle file is being closed, under _opening.
    private const int Closing = int.MinValue;

    private readonly ILogFileSystem _fileSystem;
    private readonly ClockBudget _budget;
    private readonly Lock _opening = new();
    private TrackedFile? _file;
    private int _references = 1;

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
        segment._references = 2;
        segment.Open(fileSystem.CreateNew);
        segment.Release();
        return segment;
    }

    /// <summary>Takes a reference; false once the segment and all holders have let go.</summary>
    public bool TryAcquire(out ILogFile file)
    {
        int count = Volatile.Read(ref _references);
        while (count != 0)
        {
            if (count == Closing)
            {
                count = CountAfterClosing();
                continue;
            }

            int seen = Interlocked.CompareExchange(ref _references, count + 1, count);
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

    public void Release()
    {
        int count = Volatile.Read(ref _references);
        while (true)
        {
            if (count == Closing)
            {
                count = CountAfterClosing();
                continue;
            }

            Debug.Assert(count > 0, "a segment file is released more often than it is acquired");
            int seen = Interlocked.CompareExchange(ref _references, count - 1, count);
            if (seen == count) break;
            count = seen;
        }

        if (count == 1)
        {
            Volatile.Read(ref _file)?.Dispose();
            _budget.Remove(this);
        }
        else if (count == 2 && _budget.IsOver)
        {
            CloseIdle();
        }
    }

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
        if (_file is { IsClean: true } && Interlocked.CompareExchange(ref _references, Closing, 1) == 1)
        {
            // A write may have come and gone before the count was taken.
            if (_file.IsClean) return true;
            Volatile.Write(ref _references, 1);
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
        Volatile.Write(ref _references, 1);
        _opening.Exit();
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
        lock (_opening) return Volatile.Read(ref _references);
    }

    // A reference is held: the count cannot fall to 1 meanwhile.
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
