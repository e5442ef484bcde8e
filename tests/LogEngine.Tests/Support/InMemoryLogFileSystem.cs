using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>
/// A disk in memory that knows what is durable: bytes after a flush of their file, names after a flush of their directory.
/// A power loss takes the rest away, wholly or, with a Random, in part.
/// </summary>
public sealed class InMemoryLogFileSystem : ILogFileSystem
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _locks = [];
    private Dictionary<string, MemoryNode> _names = new() { ["/"] = MemoryNode.Directory() };
    private readonly Dictionary<string, MemoryNode> _durable = new() { ["/"] = MemoryNode.Directory() };

    /// <summary>Called before every operation that changes the disk; may throw.</summary>
    public Action<string, string>? BeforeChange { get; set; }

    public int FlushCount { get; private set; }

    /// <summary>What <see cref="LastModifiedMs"/> says of every file.</summary>
    public long ModifiedMs { get; set; }

    public long Free { get; set; } = long.MaxValue;

    public long Total { get; set; } = -1;

    public ILogFile Open(string path)
    {
        lock (_lock) return new MemoryFile(this, path, File(path) ?? throw new StorageException("open", path, 2));
    }

    public ILogFile CreateNew(string path)
    {
        BeforeChange?.Invoke("create", path);
        lock (_lock)
        {
            if (_names.ContainsKey(path)) throw new StorageException("create", path, 17);
            if (!DirectoryExists(Path.GetDirectoryName(path)!)) throw new StorageException("create", path, 2);
            return new MemoryFile(this, path, _names[path] = MemoryNode.File());
        }
    }

    public bool FileExists(string path)
    {
        lock (_lock) return File(path) is not null;
    }

    public bool DirectoryExists(string path)
    {
        lock (_lock) return _names.TryGetValue(path, out MemoryNode? node) && node.IsDirectory;
    }

    public void CreateDirectory(string path)
    {
        BeforeChange?.Invoke("mkdir", path);
        lock (_lock)
        {
            for (string? at = path; at is not null && at != "/"; at = Path.GetDirectoryName(at)) _names.TryAdd(at, MemoryNode.Directory());
        }
    }

    public IReadOnlyList<LogFileEntry> List(string directory)
    {
        lock (_lock)
        {
            if (!DirectoryExists(directory)) throw new StorageException("list", directory, 2);
            return [.. _names.Where(pair => pair.Key != "/" && Path.GetDirectoryName(pair.Key) == directory)
                .Select(pair => new LogFileEntry(Path.GetFileName(pair.Key), pair.Value.IsDirectory, pair.Value.Length))];
        }
    }

    public void Rename(string from, string to)
    {
        BeforeChange?.Invoke("rename", from);
        lock (_lock)
        {
            if (!_names.TryGetValue(from, out MemoryNode? node)) throw new StorageException("rename", from, 2);
            foreach (string name in _names.Keys.Where(name => name.StartsWith(from + "/", StringComparison.Ordinal)).ToList())
            {
                _names[to + name[from.Length..]] = _names[name];
                _names.Remove(name);
            }

            _names.Remove(from);
            _names[to] = node;
        }
    }

    public void DeleteFile(string path)
    {
        BeforeChange?.Invoke("delete", path);
        lock (_lock)
        {
            if (File(path) is not null) _names.Remove(path);
        }
    }

    public void DeleteDirectory(string path)
    {
        BeforeChange?.Invoke("delete", path);
        lock (_lock)
        {
            foreach (string name in Under(_names, path)) _names.Remove(name);
        }
    }

    public void FlushDirectory(string path)
    {
        BeforeChange?.Invoke("flush", path);
        lock (_lock)
        {
            if (!DirectoryExists(path)) throw new StorageException("flush directory", path, 2);
            FlushCount++;
            List<string> gone = [.. _durable.Keys.Where(name => name != "/" && Path.GetDirectoryName(name) == path
                && !(_names.TryGetValue(name, out MemoryNode? now) && ReferenceEquals(now, _durable[name])))];
            // Of a renamed directory the durable children follow their directory, not its name.
            foreach (string name in gone)
            {
                MemoryNode node = _durable[name];
                string? renamed = _names.FirstOrDefault(pair => ReferenceEquals(pair.Value, node)).Key;
                foreach (string old in Under(_durable, name))
                {
                    if (renamed is not null && node.IsDirectory && old != name) _durable[renamed + old[name.Length..]] = _durable[old];
                    _durable.Remove(old);
                }
            }

            foreach ((string name, MemoryNode node) in _names)
            {
                if (name != "/" && Path.GetDirectoryName(name) == path) _durable[name] = node;
            }
        }
    }

    public IDisposable? TryLock(string path)
    {
        lock (_lock)
        {
            _names.TryAdd(path, MemoryNode.File());
            return _locks.Add(path) ? new Unlock(() => _locks.Remove(path)) : null;
        }
    }

    public long LastModifiedMs(string path) => ModifiedMs;

    public long FreeSpace(string directory) => Free;

    public long TotalSpace(string directory) => Total;

    /// <summary>The process dies: what was written stays.</summary>
    public void Kill()
    {
        lock (_lock) _locks.Clear();
    }

    /// <summary>The power goes: of what was not flushed, a part that the random decides stays, or nothing.</summary>
    public void LosePower(Random? random = null)
    {
        lock (_lock)
        {
            _locks.Clear();
            foreach (MemoryNode node in _durable.Values) node.LosePower(random);
            _names = new Dictionary<string, MemoryNode>(_durable);
        }
    }

    public byte[] ReadAll(string path)
    {
        lock (_lock) return File(path)!.ToArray();
    }

    public void WriteAll(string path, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            MemoryNode node = MemoryNode.File();
            node.Write(bytes, 0);
            node.Flush();
            _names[path] = node;
            _durable[path] = node;
        }
    }

    internal void Changing(string operation, string path)
    {
        BeforeChange?.Invoke(operation, path);
        if (operation == "flush") FlushCount++;
    }

    private static List<string> Under(Dictionary<string, MemoryNode> names, string path) =>
        names.Keys.Where(name => name == path || name.StartsWith(path + "/", StringComparison.Ordinal)).ToList();

    private MemoryNode? File(string path) => _names.TryGetValue(path, out MemoryNode? node) && !node.IsDirectory ? node : null;

    private sealed class Unlock(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
