using KBroker.Controller.Coordination.Journal;

namespace KBroker.Controller.Tests.Coordination;

/// <summary>
/// A disk in memory that stops before its n-th write operation and, when reopened, has lost or torn what was not synced.
/// </summary>
internal sealed class CrashingJournalStorage(Random random) : IJournalStorage
{
    private readonly Dictionary<string, Inode> _names = [];
    private Dictionary<string, Inode> _durableNames = [];

    public int Operations { get; private set; }

    public int CrashAt { get; set; } = int.MaxValue;

    public bool Crashed => Operations >= CrashAt;

    public string Describe(string name) => "/disk/" + name;

    public byte[]? Read(string name) => _names.TryGetValue(name, out Inode? inode) ? [.. inode.Current] : null;

    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        byte[] copy = bytes.ToArray();
        Step(() => Open(name).Current.AddRange(copy));
    }

    public void Truncate(string name, long length) => Step(() =>
    {
        Inode inode = _names[name];
        inode.Current = inode.Current[..(int)length];
    });

    public void Sync(string name) => Step(() =>
    {
        Inode inode = _names[name];
        inode.Durable = [.. inode.Current];
    });

    public void Rename(string from, string to) => Step(() =>
    {
        _names.Remove(from, out Inode? inode);
        _names[to] = inode!;
    });

    public void SyncDirectory() => Step(() => _durableNames = new(_names));

    public void Dispose()
    {
    }

    /// <summary>Damages a byte that was synced.</summary>
    public void Flip(string name, int offset) => _names[name].Current[offset] ^= 0x40;

    /// <summary>What is on the disk after the power came back.</summary>
    public CrashingJournalStorage PowerCycle(Random next)
    {
        var disk = new CrashingJournalStorage(next);
        foreach ((string name, Inode inode) in random.Next(2) == 0 ? _names : _durableNames)
        {
            List<byte> content = inode.AfterCrash(random);
            disk._names[name] = new Inode { Current = [.. content], Durable = content };
        }

        disk._durableNames = new(disk._names);
        return disk;
    }

    private Inode Open(string name)
    {
        if (!_names.TryGetValue(name, out Inode? inode)) _names[name] = inode = new Inode();
        return inode;
    }

    private void Step(Action operation)
    {
        if (Crashed) throw new IOException("the machine is off");
        if (++Operations == CrashAt)
        {
            // The operation under way may have taken place; its effect is not durable in any case.
            if (random.Next(2) == 0) operation();
            throw new IOException("the power went");
        }

        operation();
    }

    private sealed class Inode
    {
        public List<byte> Current { get; set; } = [];

        public List<byte> Durable { get; set; } = [];

        public List<byte> AfterCrash(Random random)
        {
            if (Current.Count <= Durable.Count) return random.Next(2) == 0 ? Current : Durable;
            int kept = random.Next(Durable.Count, Current.Count + 1);
            List<byte> torn = Current[..kept];
            // The length can reach the disk before the bytes do.
            if (random.Next(3) == 0) torn.AddRange(new byte[Current.Count - kept]);
            return torn;
        }
    }
}
