using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>
/// A disk in memory that knows what is durable: bytes after a flush of their file, names after a flush of their directory.
/// A power loss takes the rest away, wholly or, with a Random, in part. Operations fail as <see cref="Faults"/> say, the disk can
/// be full, and the world can be stopped before or within any change.
/// </summary>
public sealed class InMemoryLogFileSystem : ILogFileSystem
{
    internal const int NoSpace = 28;
    private const int NoSuchFile = 2;
    private const int Exists = 17;

    private static readonly int[] SectorSizes = [16, 512, 4096];

    private readonly HashSet<string> _locks = [];
    private readonly MemoryNames _names = new();
    private int _crashAt;
    private int _openHandles;
    private double _crashPart;

    /// <summary>Called before every operation that changes the disk; may throw.</summary>
    public Action<string, string>? BeforeChange { get; set; }

    /// <summary>Called before every operation that only looks at the disk.</summary>
    public Action<string, string>? BeforeReading { get; set; }

    /// <summary>The handles of this process that were not given back.</summary>
    public int OpenHandles => Volatile.Read(ref _openHandles);

    /// <summary>The bytes that fit; a write beyond them takes what fits and fails.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>
    /// Whether of the names that were not flushed a power loss leaves those up to a moment, as the journals of ext4 and xfs do; else
    /// any of them.
    /// </summary>
    public bool NamesKeepOrder { get; set; } = true;

    public int FlushCount { get; private set; }

    /// <summary>The clock by which a file is noted as changed.</summary>
    public TimeProvider Clock { get; set; } = new ManualTime();

    /// <summary>What the disk says is free, as long as <see cref="Capacity"/> has no end.</summary>
    public long Free { get; set; } = long.MaxValue;

    /// <summary>What the disk says is its size.</summary>
    public long Total { get; set; } = -1;

    /// <summary>The operations that changed the disk, or tried to, so far.</summary>
    public int Changes { get; private set; }

    /// <summary>The last of them.</summary>
    public string LastChange { get; private set; } = "none";

    /// <summary>Whether the world has stopped where <see cref="CrashAfter"/> said.</summary>
    public bool HasCrashed { get; private set; }

    internal List<DiskFault> Faults { get; } = [];

    internal Lock Gate { get; } = new();

    internal long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Handles of earlier processes are of no use.</summary>
    internal int Process { get; private set; }

    public ILogFile Open(string path)
    {
        Reading("open", path);
        lock (Gate) return MemoryFile.Open(this, path, _names.FindFile(path) ?? throw new StorageException("open", path, NoSuchFile), Process);
    }

    public ILogFile CreateNew(string path)
    {
        Changing("create", path);
        lock (Gate)
        {
            if (_names.Find(path) is not null) throw new StorageException("create", path, Exists);
            if (Capacity != long.MaxValue && _names.Occupied >= Capacity) throw new StorageException("create", path, NoSpace);
            var node = MemoryNode.File();
            node.ModifiedMs = NowMs;
            _names.Link(Parent("create", path), Path.GetFileName(path), node);
            return MemoryFile.Open(this, path, node, Process);
        }
    }

    public bool FileExists(string path)
    {
        lock (Gate) return _names.FindFile(path) is not null;
    }

    public bool DirectoryExists(string path)
    {
        lock (Gate) return _names.FindDirectory(path) is not null;
    }

    public void CreateDirectory(string path)
    {
        Changing("mkdir", path);
        lock (Gate)
        {
            if (Capacity != long.MaxValue && _names.Occupied >= Capacity) throw new StorageException("mkdir", path, NoSpace);
            string at = "";
            foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                MemoryNode parent = _names.FindDirectory(at) ?? throw new StorageException("mkdir", path, NoSuchFile);
                at += "/" + part;
                if (_names.Find(at) is null) _names.Link(parent, part, MemoryNode.Directory());
            }
        }
    }

    public IReadOnlyList<LogFileEntry> List(string directory)
    {
        Reading("list", directory);
        lock (Gate)
        {
            MemoryNode node = _names.FindDirectory(directory) ?? throw new StorageException("list", directory, NoSuchFile);
            return [.. node.Entries.Select(pair => new LogFileEntry(pair.Key, pair.Value.IsDirectory, pair.Value.Length))];
        }
    }

    public void Rename(string from, string to)
    {
        Changing("rename", from);
        lock (Gate)
        {
            if (_names.Find(from) is null) throw new StorageException("rename", from, NoSuchFile);
            _names.Move(Parent("rename", from), Path.GetFileName(from), Parent("rename", to), Path.GetFileName(to));
        }
    }

    public void DeleteFile(string path)
    {
        Changing("delete", path);
        lock (Gate)
        {
            if (_names.FindFile(path) is not null) _names.Unlink(Parent("delete", path), Path.GetFileName(path));
        }
    }

    public void DeleteDirectory(string path)
    {
        List<string> names;
        lock (Gate)
        {
            if (_names.FindDirectory(path) is not { } directory) return;
            names = [.. directory.Entries.Keys];
        }

        foreach (string name in names)
        {
            string child = Path.Combine(path, name);
            if (DirectoryExists(child)) DeleteDirectory(child);
            else DeleteFile(child);
        }

        Changing("delete", path);
        lock (Gate) _names.Unlink(Parent("delete", path), Path.GetFileName(path));
    }

    public void FlushDirectory(string path)
    {
        Changing("flush", path);
        lock (Gate) _names.Flush(_names.FindDirectory(path) ?? throw new StorageException("open directory", path, NoSuchFile));
    }

    public IDisposable? TryLock(string path)
    {
        lock (Gate)
        {
            MemoryNode parent = Parent("lock", path);
            if (_names.Find(path) is null) _names.Link(parent, Path.GetFileName(path), MemoryNode.File());
            int process = Process;
            return _locks.Add(path) ? new Unlock(() => Unlocked(path, process)) : null;
        }
    }

    public long LastModifiedMs(string path)
    {
        lock (Gate) return (_names.FindFile(path) ?? throw new StorageException("last change", path, NoSuchFile)).ModifiedMs;
    }

    public void SetLastModifiedMs(string path, long milliseconds)
    {
        lock (Gate) (_names.FindFile(path) ?? throw new StorageException("set time", path, NoSuchFile)).ModifiedMs = milliseconds;
    }

    public long FreeSpace(string directory)
    {
        lock (Gate) return Capacity == long.MaxValue ? Free : Math.Max(Capacity - _names.Occupied, 0);
    }

    public long TotalSpace(string directory) => Total;

    /// <summary>The process dies: what was written stays.</summary>
    public void Kill()
    {
        lock (Gate) EndProcess();
    }

    /// <summary>The power goes: of what was not flushed, a part that the random decides stays, or nothing.</summary>
    public void LosePower(Random? random = null)
    {
        lock (Gate)
        {
            EndProcess();
            _names.LosePower(random, SectorSizes[random?.Next(SectorSizes.Length) ?? 0], NamesKeepOrder);
        }
    }

    public byte[] ReadAll(string path)
    {
        lock (Gate) return _names.FindFile(path)!.ToArray();
    }

    /// <summary>Puts a file there, durably and past all faults.</summary>
    public void WriteAll(string path, ReadOnlySpan<byte> bytes)
    {
        lock (Gate)
        {
            MemoryNode node = MemoryNode.File();
            node.Write(bytes, 0);
            node.Flush();
            node.ModifiedMs = NowMs;
            MemoryNode parent = _names.MakeDurable(Path.GetDirectoryName(path)!);
            parent.Entries[Path.GetFileName(path)] = node;
            parent.DurableEntries[Path.GetFileName(path)] = node;
        }
    }

    /// <summary>Stops the world at the next change but <paramref name="skip"/>, a write after this part of its bytes (0 to 1).</summary>
    internal void CrashAfter(int skip, double part) => (_crashAt, _crashPart) = (Changes + skip + 1, part);

    internal T Locked<T>(Func<T> read)
    {
        lock (Gate) return read();
    }

    internal void Reading(string operation, string path)
    {
        lock (Gate)
        {
            if (HasCrashed) throw new SimulatedCrashException();
            if (FaultFor(operation, path) is { } fault) throw new StorageException(operation, path, fault.Errno);
        }

        BeforeReading?.Invoke(operation, path);
    }

    internal void Opened() => Interlocked.Increment(ref _openHandles);

    internal void Closed(int process)
    {
        if (process == Process) Interlocked.Decrement(ref _openHandles);
    }

    internal void Changing(string operation, string path)
    {
        _ = Writing(operation, path, 0, out Exception? failure);
        if (failure is not null) throw failure;
    }

    /// <summary>How many bytes of a write reach the file, and what it fails with after them.</summary>
    internal int Writing(string path, int length, out Exception? failure) => Writing("write", path, length, out failure);

    internal long RoomFor(MemoryNode node, long position, int length)
    {
        if (Capacity == long.MaxValue) return length;
        long overwritten = Math.Clamp(node.Occupied - position, 0, length);
        return overwritten + Math.Max(Capacity - _names.Occupied - Math.Max(position - node.Occupied, 0), 0);
    }

    private int Writing(string operation, string path, int length, out Exception? failure)
    {
        lock (Gate)
        {
            failure = HasCrashed ? new SimulatedCrashException() : null;
            if (HasCrashed) return 0;
            Changes++;
            LastChange = $"{operation} {path}";
            if (Changes == _crashAt)
            {
                HasCrashed = true;
                failure = new SimulatedCrashException();
                return (int)(length * _crashPart);
            }

            if (FaultFor(operation, path) is { } fault)
            {
                failure = new StorageException(operation, path, fault.Errno);
                return (int)(length * fault.Written);
            }
        }

        BeforeChange?.Invoke(operation, path);
        if (operation == "flush") FlushCount++;
        return length;
    }

    // Each fault counts what it concerns, whether or not another strikes.
    private DiskFault? FaultFor(string operation, string path)
    {
        DiskFault? found = null;
        foreach (DiskFault fault in Faults)
        {
            if (fault.Strikes(operation, path)) found ??= fault;
        }

        return found;
    }

    private void EndProcess()
    {
        Process++;
        _openHandles = 0;
        HasCrashed = false;
        _crashAt = 0;
        _locks.Clear();
    }

    private void Unlocked(string path, int process)
    {
        lock (Gate)
        {
            if (process == Process) _locks.Remove(path);
        }
    }

    private MemoryNode Parent(string operation, string path) =>
        _names.FindDirectory(Path.GetDirectoryName(path)!) ?? throw new StorageException(operation, path, NoSuchFile);

    private sealed class Unlock(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
